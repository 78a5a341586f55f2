#include "node/program/criu_socket.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "ms2m/error.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

void CriuSocket::await(short what) const {
  std::array<pollfd, 2> fds{pollfd{fd_, what, 0}, pollfd{stop_.fd(), POLLIN, 0}};
  if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) posix::throw_errno("poll");
  if (stop_.stop_requested()) throw Cancelled();
}

bool CriuSocket::put(std::string_view bytes) const {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    else if (errno == EAGAIN)
      await(POLLOUT);
    else if (errno == EPIPE || errno == ECONNRESET)
      return false;
    else if (errno != EINTR)
      posix::throw_errno("what CRIU is told");
  }
  return true;
}

bool CriuSocket::get(std::span<char> into) const {
  for (std::size_t done = 0; done < into.size();) {
    const auto got = ::recv(fd_, into.data() + done, into.size() - done, MSG_DONTWAIT);
    if (got > 0)
      done += static_cast<std::size_t>(got);
    else if (got == 0 || errno == ECONNRESET)
      return false;
    else if (errno == EAGAIN)
      await(POLLIN);
    else if (errno != EINTR)
      posix::throw_errno("what CRIU says");
  }
  return true;
}

void CriuSocket::widen(int bytes) const noexcept {
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
}

void CriuSocket::end_putting() const noexcept { ::shutdown(fd_, SHUT_WR); }

void CriuSocket::close() const noexcept { ::shutdown(fd_, SHUT_RDWR); }

}  // namespace ms2m::node
