#include "runtime/container.hpp"

namespace kubelet {

std::optional<ContainerExit> Container::exit() const {
  const std::lock_guard lock(mutex_);
  return exit_;
}

bool Container::wait_exit(std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return exited_.wait_for(lock, timeout, [this] { return exit_.has_value(); });
}

void Container::set_started(int pid, WallTime at, bool restored) {
  pid_ = pid;
  started_at_ = at;
  restored_ = restored;
}

void Container::set_exit(ContainerExit exit) {
  const std::lock_guard lock(mutex_);
  exit_ = exit;
  exited_.notify_all();
}

}  // namespace kubelet
