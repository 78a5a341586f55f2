#include "crio/container.hpp"

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

CrioContainer::CrioContainer(ContainerPlan own, std::string hex, fs::path storage, Cgroups& cgroups)
    : Container(std::move(own), std::move(hex)),
      sandbox_(dynamic_cast<const CrioSandbox&>(*plan().sandbox)),
      oci_(sandbox_.oci()),
      cgroup_(sandbox_.cgroup() + "/crio-" + id()),
      base_(storage / "overlay-containers" / id()),
      cgroups_(cgroups),
      created_at_(wall_now()) {
  for (const char* part : {"userdata", "diff", "work", "merged"}) make_dirs(base_ / part);
  make_dirs(bundle());
}

CrioContainer::~CrioContainer() {
  remove();
  if (thread_.joinable()) thread_.get_id() == std::this_thread::get_id() ? thread_.detach() : thread_.join();
  if (pid_fd_ >= 0) ::close(pid_fd_);
}

fs::path CrioContainer::bundle() const {
  return fs::path("/run/containers/storage/overlay-containers") / id() / "userdata";
}

void CrioContainer::make_rootfs(const std::string& lower_dirs) {
  mount_overlay(lower_dirs, upper(), base_ / "work", rootfs());
}

void CrioContainer::attach(int pid, Pipes& pipes, bool restored, std::function<void()> on_exit) {
  set_started(pid, wall_now(), restored);
  pid_fd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  Pipes taken = pipes;
  pipes.out[0] = pipes.err[0] = -1;
  thread_ = std::thread([this, taken, fd = pid_fd_, on_exit = std::move(on_exit)] { follow(taken, fd, on_exit); });
}

void CrioContainer::follow(Pipes pipes, int pid_fd, std::function<void()> on_exit) {
  LogFile log(plan().log_path);
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
  set_exit(result);
  on_exit();
}

bool CrioContainer::signal(int number) const {
  return pid_fd_ >= 0 && ::syscall(SYS_pidfd_send_signal, pid_fd_, number, nullptr, 0) == 0;
}

void CrioContainer::stop(const std::function<bool()>& over) {
  signal(stop_signal(plan().image));
  while (!wait_exit(std::chrono::milliseconds(100)) && !over()) {
  }
  if (exit()) return;
  signal(SIGKILL);
  cgroups_.kill(cgroup());
  wait_exit(std::chrono::seconds(10));
}

void CrioContainer::remove() noexcept {
  try {
    if (pid() > 0 && !exit()) {
      signal(SIGKILL);
      cgroups_.thaw(cgroup());
      wait_exit(std::chrono::seconds(5));
    }
    cgroups_.kill(cgroup());  // also what was restored, frozen as it was dumped, by somebody who did not finish
    if (fs::exists(bundle() / "config.json")) run_process(oci().call({"delete", "--force", id()}));
    cgroups_.remove(cgroup());
    unmount_below(base_);
    remove_tree(base_);
    remove_tree(bundle().parent_path());
  } catch (...) {
  }
}

}  // namespace kubelet
