// Ports of this machine, where other tests are at work at the same time.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>

#include "wrap/posix/unique_fd.hpp"

namespace ms2m::test {

/// Bound to 127.0.0.1, port 0: to any; false: that port is somebody's.
inline bool bind_here(int socket, std::uint16_t port) {
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_port = htons(port);
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::bind(socket, reinterpret_cast<const sockaddr*>(&here), sizeof here) == 0;
}

/// A port of 127.0.0.1 at which nobody listens, and nobody will as long as this is there.
class DeafPort {
 public:
  DeafPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in here{};
    socklen_t size = sizeof here;
    if (!socket_ || !bind_here(socket_.get(), 0) ||
        ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&here), &size) != 0)
      throw std::runtime_error("no port is to be had");
    number = ntohs(here.sin_port);
  }
  std::uint16_t number = 0;

 private:
  posix::UniqueFd socket_;
};

/// A port of 127.0.0.1 for another process to listen at. None of those that the kernel gives to whoever asks for any
/// (ip_local_port_range begins at 32768), or it could be gone before that process has it; where two processes begin to
/// look depends on their numbers.
inline std::uint16_t port_to_listen_at() {
  constexpr int kFirst = 20000, kPorts = 12000;
  static int next = static_cast<int>(::getpid()) * 17;
  for (int tries = 0; tries < kPorts; ++tries) {
    const auto port = static_cast<std::uint16_t>(kFirst + next++ % kPorts);
    const posix::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (socket && bind_here(socket.get(), port)) return port;
  }
  throw std::runtime_error("no port is to be had");
}

}  // namespace ms2m::test
