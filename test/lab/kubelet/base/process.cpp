#include "base/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/clock.hpp"

extern char** environ;

namespace kubelet {
namespace {

struct Pipe {
  int read_end = -1;
  int write_end = -1;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) == 0) read_end = ends[0], write_end = ends[1];
  }
  ~Pipe() { close_read(), close_write(); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_read() { close_one(read_end); }
  void close_write() { close_one(write_end); }

 private:
  static void close_one(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
};

// Own process group, default signal actions: a SIGTERM to us must not end a half-done checkpoint.
pid_t spawn(const ProcessSpec& spec, int in, int out, int err) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (in >= 0) {
    posix_spawn_file_actions_adddup2(&actions, in, 0);
  } else {
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  posix_spawn_file_actions_adddup2(&actions, err, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> argv;
  for (const auto& word : spec.argv) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int status = ::posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (status != 0) {
    errno = status;
    return -1;
  }
  return pid;
}

int left_until(SteadyTime deadline) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_now()).count());
}

// Its outputs may be closed, or others' to read, long before it ends.
bool ends(pid_t pid, const ProcessSpec& spec, SteadyTime deadline) {
  if (spec.timeout.count() <= 0) return true;  // waitpid will see
  const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (process < 0) return true;
  pollfd ended{process, POLLIN, 0};
  int seen = 0;
  for (int left; seen <= 0 && (left = left_until(deadline)) > 0;) seen = ::poll(&ended, 1, left);
  ::close(process);
  return seen > 0;
}

// Feeds standard input and collects both outputs until they are closed or the deadline is over.
bool exchange(const ProcessSpec& spec, SteadyTime deadline, Pipe& in, Pipe& out, Pipe& err, ProcessResult& result) {
  std::size_t written = 0;
  if (spec.input.empty()) in.close_write();
  while (out.read_end >= 0 || err.read_end >= 0 || in.write_end >= 0) {
    pollfd fds[3] = {{out.read_end, POLLIN, 0}, {err.read_end, POLLIN, 0}, {in.write_end, POLLOUT, 0}};
    int wait = -1;
    if (spec.timeout.count() > 0) {
      wait = left_until(deadline);
      if (wait <= 0) return false;
    }
    if (::poll(fds, 3, wait) < 0 && errno != EINTR) return true;
    char buffer[65536];
    for (int i = 0; i < 2; ++i) {
      if (fds[i].revents == 0) continue;
      const ssize_t n = ::read(fds[i].fd, buffer, sizeof buffer);
      if (n > 0) (i == 0 ? result.out : result.err).append(buffer, static_cast<std::size_t>(n));
      if (n <= 0) i == 0 ? out.close_read() : err.close_read();
    }
    if (fds[2].revents != 0) {
      const ssize_t n = ::write(in.write_end, spec.input.data() + written, spec.input.size() - written);
      if (n > 0) written += static_cast<std::size_t>(n);
      if (n < 0 || written == spec.input.size()) in.close_write();
    }
  }
  return true;
}

}  // namespace

ProcessResult run_process(const ProcessSpec& spec) {
  ProcessResult result;
  Pipe in, out, err;
  const int child_out = spec.stdout_fd >= 0 ? spec.stdout_fd : out.write_end;
  const int child_err = spec.stderr_fd >= 0 ? spec.stderr_fd : err.write_end;
  const pid_t pid = spawn(spec, spec.input.empty() ? -1 : in.read_end, child_out, child_err);
  if (pid < 0) {
    result.err = spec.argv[0] + ": " + std::strerror(errno);
    return result;
  }
  if (spec.on_start) spec.on_start(pid);
  in.close_read();
  out.close_write();
  err.close_write();
  if (spec.stdout_fd >= 0) out.close_read();
  if (spec.stderr_fd >= 0) err.close_read();
  const auto deadline = steady_now() + spec.timeout;
  result.timed_out = !exchange(spec, deadline, in, out, err, result) || !ends(pid, spec, deadline);
  if (result.timed_out) ::kill(-pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  return result;
}

void reap_orphans() {
  static pid_t last_seen = 0;
  siginfo_t info{};
  if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) {
    last_seen = 0;
    return;
  }
  // Seen twice, a second apart: whoever knows this process would have fetched it by now.
  if (info.si_pid == last_seen) ::waitpid(info.si_pid, nullptr, WNOHANG);
  last_seen = info.si_pid;
}

}  // namespace kubelet
