#include "containerd/container.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace kubelet {
namespace {

constexpr std::int64_t kExited = 2;  // of ContainerState
constexpr long kLongest = 3600;      // whoever asks for an end decides himself when it was long enough

WallTime wall_time(std::int64_t nanoseconds) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::nanoseconds(nanoseconds)));
}

}  // namespace

ContainerdContainer::~ContainerdContainer() {
  remove();
  if (thread_.joinable()) thread_.get_id() == std::this_thread::get_id() ? thread_.detach() : thread_.join();
  if (pid_fd_ >= 0) ::close(pid_fd_);
}

Received ContainerdContainer::status(bool verbose) const {
  return cri_.call("RuntimeService/ContainerStatus", Message().text(1, id()).number(2, verbose));
}

void ContainerdContainer::follow(std::function<void()> on_exit) {
  const Received told = status(true), now = told.message(1), user = now.message(18).message(1);
  const Json info = Json::parse(told.map(2)["info"], nullptr, false);
  user_.uid = static_cast<unsigned>(user.number(1));
  user_.gid = static_cast<unsigned>(user.number(2));
  user_.groups = {user_.gid};
  const int pid = static_cast<int>(long_at(info, "pid", 0));
  pid_fd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  set_started(pid > 0 ? pid : 1, wall_time(now.number(5)), false);  // 0: it has ended before anybody looked
  thread_ = std::thread([this, on_exit = std::move(on_exit)] { await_exit(on_exit); });
}

void ContainerdContainer::await_exit(const std::function<void()>& on_exit) {
  pollfd fd{pid_fd_, POLLIN, 0};
  while (pid_fd_ >= 0 && (fd.revents & POLLIN) == 0 && ::poll(&fd, 1, -1) >= 0) {
  }
  // containerd learns of it from the shim; it may have been restarted meanwhile.
  ContainerExit exit{255, false, wall_now()};
  for (int tries = 0; tries < 600; ++tries) {
    try {
      const Received now = status(false).message(1);
      if (now.number(3) == kExited) {
        exit = {static_cast<int>(now.number(7)), now.text(10) == "OOMKilled", wall_time(now.number(6))};
        break;
      }
    } catch (const CriError& error) {
      if (error.said.find("not found") != std::string::npos) break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  set_exit(exit);
  on_exit();
}

void ContainerdContainer::stop_within(long seconds) const {
  try {
    cri_.call("RuntimeService/StopContainer", Message().text(1, id()).number(2, seconds),
              std::chrono::seconds(seconds + 60));
  } catch (const CriError& error) {
    log_line("stopping container " + id() + ": " + error.what());
  }
}

void ContainerdContainer::stop(const std::function<bool()>& over) {
  std::thread asking([this] { stop_within(kLongest); });
  while (!wait_exit(std::chrono::milliseconds(100)) && !over()) {
  }
  if (!exit()) {
    stop_within(0);
    wait_exit(std::chrono::seconds(10));
  }
  asking.join();
}

void ContainerdContainer::remove() noexcept {
  if (removed_) return;
  removed_ = true;
  try {
    cri_.call("RuntimeService/RemoveContainer", Message().text(1, id()));  // also one that runs
  } catch (const std::exception& error) {
    log_line("removing container " + id() + ": " + error.what());
  }
}

}  // namespace kubelet
