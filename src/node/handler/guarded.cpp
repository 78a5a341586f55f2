#include "node/handler/guarded.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "ms2m/error.hpp"
#include "node/handler/guard_main.hpp"

namespace ms2m::node {

Guarded::Guarded(const std::function<int()>& program, int kept, const std::function<void()>& undo) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) posix::throw_errno("socketpair");
  socket_.reset(ends[0]);
  const posix::UniqueFd theirs(ends[1]);
  guard_ = ::fork();
  if (guard_ < 0) posix::throw_errno("fork");
  if (guard_ == 0) {
    socket_.reset();
    guard_main(theirs.get(), kept, program, undo);
  }
}

Guarded::~Guarded() {
  socket_.reset();
  reap();
}

posix::ExitStatus Guarded::wait() {
  posix::ExitStatus status;
  ssize_t got = -1;
  do got = ::recv(socket_.get(), &status, sizeof status, 0);
  while (got < 0 && errno == EINTR);
  if (got != sizeof status) throw Error(ErrorKind::failed, "the guard of the restore has died");
  return status;
}

void Guarded::release() {
  const char released = 1;
  if (::send(socket_.get(), &released, 1, MSG_NOSIGNAL) != 1)
    throw Error(ErrorKind::failed, "the guard of the restore has died");
  reap();
}

void Guarded::reap() noexcept {
  int status = 0;
  while (guard_ > 0 && ::waitpid(guard_, &status, 0) < 0 && errno == EINTR) continue;
  guard_ = -1;
}

}  // namespace ms2m::node
