// The program that runs on the nodes, as ms2m brings it there.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace ms2m::node {

/// An executable, and what is known of it without running it. Cheap to copy.
class NodeProgram {
 public:
  /// The one in ms2m itself. Hashes it: milliseconds.
  static NodeProgram embedded();
  /// Error{usage}: the file cannot be read, or is no program for Linux.
  static NodeProgram read(const std::filesystem::path& file);

  std::string_view bytes() const noexcept { return bytes_; }
  /// The first 16 hex digits of its SHA-256: the program tells the same of itself (version.hpp).
  const std::string& build() const noexcept { return build_; }
  /// The machine that it is for, as `uname -m` says it there.
  const std::string& machine() const noexcept { return machine_; }

 private:
  NodeProgram(std::string_view bytes, std::shared_ptr<const std::string> owner, const std::string& name);
  std::shared_ptr<const std::string> owner_;  ///< null: the bytes are ms2m's own
  std::string_view bytes_;
  std::string build_, machine_;
};

}  // namespace ms2m::node
