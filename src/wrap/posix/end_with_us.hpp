// Process groups that are to end when this process leaves at once.
#pragma once
#include <sys/types.h>

#include <atomic>

namespace ms2m::posix {

/// While it lives, that group is one of them. When there are kMostGroups already, it is not.
class EndsWithUs {
 public:
  static constexpr int kMostGroups = 64;
  explicit EndsWithUs(pid_t group) noexcept;
  ~EndsWithUs();
  EndsWithUs(const EndsWithUs&) = delete;
  EndsWithUs& operator=(const EndsWithUs&) = delete;

 private:
  std::atomic<pid_t>* slot_ = nullptr;
};

/// SIGKILL to all of them. Async-signal-safe; any thread.
void end_groups() noexcept;

}  // namespace ms2m::posix
