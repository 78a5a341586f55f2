#include "wrap/tls/tcp.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "ms2m/error.hpp"

namespace ms2m::tls {
namespace {

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
  int family() const { return bytes.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

std::optional<Address> parse(const std::string& text, std::uint16_t port) {
  Address address;
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&address.bytes);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.size = sizeof *v4;
    return address;
  }
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&address.bytes);
  if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) != 1) return std::nullopt;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  address.size = sizeof *v6;
  return address;
}

Address address_of(const std::string& text, std::uint16_t port) {
  if (auto address = parse(text, port)) return *address;
  throw Error(ErrorKind::usage, "'" + text + "' is no IP address");
}

posix::UniqueFd socket_for(const Address& address) {
  posix::UniqueFd socket(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) posix::throw_errno("a TCP socket");
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

Error unavailable(const std::string& what, int error) {
  return Error(ErrorKind::unavailable, what + ": " + std::strerror(error));
}

}  // namespace

bool is_address(const std::string& text) { return parse(text, 0).has_value(); }

std::string end_text(const std::string& address, std::uint16_t port) {
  const std::string number = ":" + std::to_string(port);
  return address.find(':') == std::string::npos ? address + number : "[" + address + "]" + number;
}

posix::UniqueFd listen_at(const std::string& address, std::uint16_t port) {
  const Address at = address_of(address, port);
  posix::UniqueFd socket = socket_for(at);
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  constexpr int kWaiting = 64;
  if (::bind(socket.get(), at.get(), at.size) != 0 || ::listen(socket.get(), kWaiting) != 0)
    throw unavailable("listening on " + end_text(address, port), errno);
  return socket;
}

std::uint16_t port_of(const posix::UniqueFd& socket) {
  Address address;
  address.size = sizeof address.bytes;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address.bytes), &address.size) != 0)
    posix::throw_errno("a socket's port");
  return ntohs(address.family() == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&address.bytes)->sin6_port
                                            : reinterpret_cast<const sockaddr_in*>(&address.bytes)->sin_port);
}

posix::UniqueFd accept_from(const posix::UniqueFd& listening) {
  posix::UniqueFd socket(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  // Others are what became of one that had come, or nobody.
  for (const int full : {EMFILE, ENFILE, ENOBUFS, ENOMEM})
    if (!socket && errno == full) posix::throw_errno("accepting a connection");
  const int on = 1;
  if (socket) ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

posix::UniqueFd connect_to(const std::string& address, std::uint16_t port, Millis limit, const StopToken& stop) {
  const Address to = address_of(address, port);
  const std::string what = "connecting to " + end_text(address, port);
  posix::UniqueFd socket = socket_for(to);
  if (::connect(socket.get(), to.get(), to.size) == 0) return socket;
  if (errno != EINPROGRESS) throw unavailable(what, errno);
  for (const TimePoint end = Clock::now() + limit;;) {
    stop.check(what);
    const auto left = std::chrono::ceil<Millis>(end - Clock::now());
    if (left.count() <= 0)
      throw Error(ErrorKind::unavailable, what + ": no answer within " + std::to_string(limit.count() / 1000) + " s");
    std::array<pollfd, 2> fds{{{socket.get(), POLLOUT, 0}, {stop.fd(), POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), static_cast<int>(stop.remaining(left).count())) < 0 && errno != EINTR)
      posix::throw_errno("poll");
    if (fds[0].revents != 0) break;
  }
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) throw unavailable(what, error);
  return socket;
}

}  // namespace ms2m::tls
