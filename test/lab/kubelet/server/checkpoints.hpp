#pragma once
#include <chrono>
#include <string>

#include "pod/manager.hpp"
#include "runtime/runtime.hpp"

namespace kubelet {

struct TextAnswer {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

// POST /checkpoint/{namespace}/{pod}/{container}: the kubelet's rules and words. The work itself goes on when the
// caller does not wait for it any longer.
class Checkpoints {
 public:
  Checkpoints(PodManager& pods, Runtime& runtime, std::chrono::milliseconds runtime_timeout)
      : pods_(pods), runtime_(runtime), runtime_timeout_(runtime_timeout) {}
  // timeout: the raw query value, null when it was not given.
  TextAnswer take(const std::string& ns, const std::string& pod, const std::string& container,
                  const std::string* timeout);

 private:
  std::string checkpoint(std::shared_ptr<Container> container, const std::string& path,
                         std::chrono::milliseconds limit);
  PodManager& pods_;
  Runtime& runtime_;
  std::chrono::milliseconds runtime_timeout_;
};

}  // namespace kubelet
