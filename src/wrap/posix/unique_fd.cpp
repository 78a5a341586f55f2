#include "wrap/posix/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "ms2m/error.hpp"

namespace ms2m::posix {

void UniqueFd::reset(int fd) noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

void throw_errno(const std::string& what) {
  throw Error(ErrorKind::failed, what + ": " + std::generic_category().message(errno));
}

namespace {
/// A child's file actions overwrite 0, 1 and 2: an end that has one of these numbers would be lost.
UniqueFd above_stdio(UniqueFd fd) {
  if (fd.get() > 2) return fd;
  UniqueFd higher(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
  if (!higher) throw_errno("fcntl");
  return higher;
}
}  // namespace

Pipe make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) throw_errno("pipe");
  Pipe pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
  pipe.read = above_stdio(std::move(pipe.read));
  pipe.write = above_stdio(std::move(pipe.write));
  return pipe;
}

void set_nonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) throw_errno("fcntl");
}

}  // namespace ms2m::posix
