#include "wrap/tls/plain.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "ms2m/error.hpp"
#include "wrap/tls/moving.hpp"

namespace ms2m::tls {
namespace {

Error broke(const char* doing) {
  return Error(ErrorKind::unavailable, std::string(doing) + ": " + std::strerror(errno));
}

}  // namespace

Plain::Plain(posix::UniqueFd socket) : socket_(std::move(socket)) { posix::set_nonblocking(socket_.get()); }

void Plain::send(std::string_view bytes, const StopToken& stop) {
  constexpr const char* kDoing = "sending";
  while (!bytes.empty()) {
    if (stop.stop_requested()) throw Cancelled();
    const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0)
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    else if (errno == EAGAIN)
      wait_for(socket_.get(), Want::writable, stop, kDoing);
    else if (errno != EINTR)
      throw broke(kDoing);
  }
}

std::size_t Plain::receive(std::span<char> into, const StopToken& stop) {
  constexpr const char* kDoing = "receiving";
  for (;;) {
    if (stop.stop_requested()) throw Cancelled();
    const auto got = ::recv(socket_.get(), into.data(), into.size(), 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN)
      wait_for(socket_.get(), Want::readable, stop, kDoing);
    else if (errno != EINTR)
      throw broke(kDoing);
  }
}

void Plain::end(const StopToken&) { ::shutdown(socket_.get(), SHUT_WR); }

}  // namespace ms2m::tls
