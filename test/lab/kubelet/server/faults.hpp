#pragma once
#include <string>

#include "base/files.hpp"
#include "base/json.hpp"

namespace kubelet {

// Failures on request: a JSON file that is read again at every use.
//   {"checkpoint_delay_ms": N, "checkpoint_fail": "text", "restore_fail": "text", "disk_full": true,
//    "create_patience_ms": N (instead of --runtime-request-timeout, while a container is created)}
// With a real containerd its own failures are what they are: of these only checkpoint_* and create_patience_ms, and
//   {"checkpoint_patience_ms": N (as the other one, while it makes a checkpoint)}
class Faults {
 public:
  explicit Faults(std::string file) : file_(std::move(file)) {}
  std::string text(const char* name) const { return string_at(load(), name); }
  long number(const char* name) const { return long_at(load(), name, 0); }
  bool flag(const char* name) const { return bool_at(load(), name, false); }

 private:
  Json load() const { return file_.empty() ? Json() : Json::parse(read_file(file_).value_or("{}"), nullptr, false); }
  std::string file_;
};

}  // namespace kubelet
