#include "node/handler/guard_main.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "ms2m/units.hpp"
#include "node/handler/copy_process.hpp"
#include "node/handler/let_go.hpp"
#include "wrap/posix/child.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {
namespace {

constexpr std::chrono::seconds kPatience{10};

/// `kept` goes with it, to all that it starts: a restore is under way until the last of them has ended, should somebody
/// kill us, too.
pid_t start(const std::function<int()>& program, int kept) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::fcntl(kept, F_SETFD, 0);
  ::_exit(program());
}

/// True: what was started may go on.
bool is_released(int socket) {
  char byte = 0;
  ssize_t got = -1;
  do got = ::recv(socket, &byte, 1, 0);
  while (got < 0 && errno == EINTR);
  return got == 1;
}

/// False: the other end was closed before the program's end.
bool await_program(int socket, pid_t program, posix::ExitStatus& status) {
  const posix::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, program, 0)));
  std::array<pollfd, 2> fds{pollfd{pidfd.get(), POLLIN, 0}, pollfd{socket, POLLIN, 0}};
  while (fds[0].revents == 0) {
    if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) return false;
    if (fds[1].revents != 0) return false;
  }
  int raw = 0;
  if (::waitpid(program, &raw, 0) != program) return false;
  status = {WIFEXITED(raw) ? WEXITSTATUS(raw) : 0, WIFSIGNALED(raw) ? WTERMSIG(raw) : 0};
  return true;
}

}  // namespace

void kill_everything_below() {
  constexpr timespec kAgain{0, 100'000'000};
  const TimePoint end = Clock::now() + kPatience;
  sigset_t ended;
  ::sigemptyset(&ended);
  ::sigaddset(&ended, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &ended, nullptr);
  for (;;) {
    const std::vector<pid_t> all = processes_below(::getpid());
    for (const int signal : {SIGSTOP, SIGKILL})  // none of them sees the others' end
      for (const pid_t each : all) ::kill(each, signal);
    while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
    if (::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD) break;
    if (Clock::now() >= end) break;
    ::sigtimedwait(&ended, nullptr, &kAgain);
  }
}

void guard_main(int socket, int kept, const std::function<int()>& run, const std::function<void()>& undo) noexcept {
  bool released = false;
  try {
    ::setsid();
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    const pid_t program = start(run, kept);
    let_go_of_all_but({socket, kept});
    posix::ExitStatus status;
    if (program > 0 && await_program(socket, program, status) &&
        ::send(socket, &status, sizeof status, MSG_NOSIGNAL) == sizeof status)
      released = is_released(socket);
  } catch (const std::exception&) {  // no memory: as if nobody had released it
  }
  if (released) ::_exit(0);
  try {
    kill_everything_below();
    undo();
  } catch (const std::exception&) {
  }
  ::_exit(1);
}

}  // namespace ms2m::node
