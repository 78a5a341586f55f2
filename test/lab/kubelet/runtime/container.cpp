#include "runtime/container.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.hpp"
#include "base/process.hpp"
#include "runtime/log_file.hpp"

namespace kubelet {
namespace {

// P_PIDFD waits for exactly this process; it became our child when crun ended (we are the child subreaper).
ContainerExit fetch_exit(int pid_fd) {
  siginfo_t info{};
  ContainerExit result;
  result.at = wall_now();
  if (::waitid(static_cast<idtype_t>(3 /* P_PIDFD */), static_cast<id_t>(pid_fd), &info, WEXITED) != 0) {
    result.code = 255;
  } else {
    result.code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
  }
  return result;
}

}  // namespace

Container::Container(ContainerPlan plan, std::string id, fs::path storage, Cgroups& cgroups)
    : plan_(std::move(plan)),
      id_(std::move(id)),
      cgroup_(plan_.sandbox->cgroup() + "/crio-" + id_),
      base_(storage / "overlay-containers" / id_),
      cgroups_(cgroups),
      oci_(plan_.sandbox->oci()),
      created_at_(wall_now()) {
  for (const char* part : {"userdata", "diff", "work", "merged"}) make_dirs(base_ / part);
  make_dirs(bundle());
}

Container::~Container() {
  remove();
  if (thread_.joinable()) thread_.get_id() == std::this_thread::get_id() ? thread_.detach() : thread_.join();
  if (pid_fd_ >= 0) ::close(pid_fd_);
}

fs::path Container::bundle() const { return fs::path("/run/containers/storage/overlay-containers") / id_ / "userdata"; }

void Container::make_rootfs(const std::string& lower_dirs) {
  mount_overlay(lower_dirs, upper(), base_ / "work", rootfs());
}

void Container::attach(int pid, Pipes& pipes, bool restored, std::function<void()> on_exit) {
  pid_ = pid;
  restored_ = restored;
  started_at_ = wall_now();
  pid_fd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  Pipes taken = pipes;
  pipes.out[0] = pipes.err[0] = -1;
  thread_ = std::thread([this, taken, fd = pid_fd_, on_exit = std::move(on_exit)] { follow(taken, fd, on_exit); });
}

void Container::follow(Pipes pipes, int pid_fd, std::function<void()> on_exit) {
  LogFile log(plan_.log_path);
  pollfd fds[3] = {{pipes.out[0], POLLIN, 0}, {pipes.err[0], POLLIN, 0}, {pid_fd, POLLIN, 0}};
  for (const int i : {0, 1}) ::fcntl(fds[i].fd, F_SETFL, O_NONBLOCK);
  const auto drain = [&](int i) {
    char buffer[65536];
    ssize_t n = 0;
    while ((n = ::read(fds[i].fd, buffer, sizeof buffer)) > 0)
      log.append(i == 0 ? "stdout" : "stderr", {buffer, static_cast<std::size_t>(n)});
    if (n == 0) fds[i].fd = -1;
  };
  while ((fds[2].revents & POLLIN) == 0 && ::poll(fds, 3, -1) >= 0) {
    for (const int i : {0, 1}) {
      if (fds[i].fd >= 0 && fds[i].revents != 0) drain(i);
    }
  }
  ContainerExit result = fetch_exit(pid_fd);
  for (const int i : {0, 1}) {
    if (fds[i].fd >= 0) drain(i);
  }
  ::close(pipes.out[0]);
  ::close(pipes.err[0]);
  result.out_of_memory = cgroups_.out_of_memory(cgroup());
  {
    const std::lock_guard lock(mutex_);
    exit_ = result;
    exited_.notify_all();
  }
  on_exit();
}

bool Container::signal(int number) const {
  return pid_fd_ >= 0 && ::syscall(SYS_pidfd_send_signal, pid_fd_, number, nullptr, 0) == 0;
}

std::optional<ContainerExit> Container::exit() const {
  const std::lock_guard lock(mutex_);
  return exit_;
}

bool Container::wait_exit(std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return exited_.wait_for(lock, timeout, [this] { return exit_.has_value(); });
}

void Container::remove() noexcept {
  try {
    if (pid_ > 0 && !exit()) {
      signal(SIGKILL);
      cgroups_.thaw(cgroup());
      wait_exit(std::chrono::seconds(5));
    }
    cgroups_.kill(cgroup());  // also what was restored, frozen as it was dumped, by somebody who did not finish
    if (fs::exists(bundle() / "config.json")) run_process(oci_.call({"delete", "--force", id_}));
    cgroups_.remove(cgroup());
    unmount_below(base_);
    remove_tree(base_);
    remove_tree(bundle().parent_path());
  } catch (...) {
  }
}

}  // namespace kubelet
