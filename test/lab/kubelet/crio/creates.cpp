#include "crio/creates.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

namespace kubelet {
namespace {

// Itself alone: what it guards ends by it.
void kill_process(int pid_fd) {
  if (pid_fd >= 0) ::syscall(SYS_pidfd_send_signal, pid_fd, SIGKILL, nullptr, 0);
}

}  // namespace

void Creates::work(const std::shared_ptr<Entry>& entry) {
  const CrioContainer& container = *entry->container;
  ProcessSpec spec = entry->call->spec(
      {"create", "--bundle", container.bundle(), "--pid-file", container.bundle() / "pidfile", container.id()});
  spec.on_start = [&](int pid) {
    const std::lock_guard lock(mutex_);
    entry->pid_fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (ending_) kill_process(entry->pid_fd);
  };
  ProcessResult result = run_process(spec);
  std::unique_lock lock(mutex_);
  entry->result = std::move(result);
  entry->ended = true;
  if (entry->pid_fd >= 0) ::close(entry->pid_fd);
  entry->pid_fd = -1;
  changed_.notify_all();
  if (!entry->given_up) return;
  lock.unlock();
  entry->container->remove();
  drop(entry);
}

void Creates::drop(const std::shared_ptr<Entry>& entry) {
  const std::lock_guard lock(mutex_);
  entries_.remove(entry);
  changed_.notify_all();
}

void Creates::run(const std::shared_ptr<CrioContainer>& container, const std::shared_ptr<CrunCall>& call,
                  std::chrono::milliseconds limit) {
  const auto entry = std::make_shared<Entry>();
  entry->container = container;
  entry->call = call;
  {
    const std::lock_guard lock(mutex_);
    entries_.push_back(entry);
  }
  std::thread([this, entry] { work(entry); }).detach();
  std::unique_lock lock(mutex_);
  const bool in_time = changed_.wait_for(lock, limit, [&] { return entry->ended || entry->given_up; });
  if (!entry->ended) {
    entry->given_up = true;
    // As the kubelet tells what gRPC told it.
    throw ContainerError("CreateContainerError",
                         in_time ? "error reading from server: EOF" : "context deadline exceeded");
  }
  lock.unlock();
  drop(entry);
  call->check(entry->result, "CreateContainerError", "container create failed: ");
}

void Creates::wait_for(const Sandbox& sandbox) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    return std::none_of(entries_.begin(), entries_.end(),
                        [&](const auto& entry) { return entry->container->plan().sandbox == &sandbox; });
  });
}

void Creates::give_up() {
  const std::lock_guard lock(mutex_);
  for (const auto& entry : entries_) {
    if (!entry->ended) entry->given_up = true;
  }
  changed_.notify_all();
}

void Creates::end() {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  for (const auto& entry : entries_) kill_process(entry->pid_fd);
}

}  // namespace kubelet
