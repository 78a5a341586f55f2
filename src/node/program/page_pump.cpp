#include "node/program/page_pump.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <thread>

#include "ms2m/error.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {
namespace {

/// Throws Cancelled.
void await(int socket, short what, const StopToken& stop) {
  std::array<pollfd, 2> fds{pollfd{socket, what, 0}, pollfd{stop.fd(), POLLIN, 0}};
  if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) posix::throw_errno("poll");
  if (stop.stop_requested()) throw Cancelled();
}

/// False: the other end has been closed.
bool put(int socket, std::string_view bytes, const StopToken& stop) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0)
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    else if (errno == EAGAIN)
      await(socket, POLLOUT, stop);
    else if (errno == EPIPE || errno == ECONNRESET)
      return false;
    else if (errno != EINTR)
      posix::throw_errno("what CRIU is told");
  }
  return true;
}

/// 0: the other end has been closed.
std::size_t get(int socket, std::string& into, const StopToken& stop) {
  for (;;) {
    const auto got = ::recv(socket, into.data(), into.size(), MSG_DONTWAIT);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == ECONNRESET) return 0;
    if (errno == EAGAIN)
      await(socket, POLLIN, stop);
    else if (errno != EINTR)
      posix::throw_errno("what CRIU says");
  }
}

/// The channel's stream, on its way to the socket, by a thread of its own.
class ToSocket {
 public:
  ToSocket(int socket, Channel& channel) : socket_(socket), channel_(channel), thread_([this] { run(); }) {}
  ~ToSocket() {
    channel_.receive_no_more();
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
  }
  ToSocket(const ToSocket&) = delete;
  ToSocket& operator=(const ToSocket&) = delete;

 private:
  void run() noexcept {
    try {
      while (const auto bytes = channel_.receive())
        if (!put(socket_, *bytes, channel_.stop())) return;
      ::shutdown(socket_, SHUT_WR);
    } catch (const std::exception&) {  // Cancelled, or the socket fails: the other direction ends, too
      ::shutdown(socket_, SHUT_RDWR);
    }
  }
  const int socket_;
  Channel& channel_;
  std::thread thread_;
};

}  // namespace

Bytes pump_pages(int socket, Channel& channel) {
  channel.accept_stream(Bytes{0});
  const ToSocket back(socket, channel);
  std::string chunk(kMaxData, '\0');
  Bytes done;
  while (const std::size_t got = get(socket, chunk, channel.stop())) {
    done.count += got;
    channel.send({chunk.data(), got});
  }
  channel.stop().check("fetching pages");
  return done;
}

}  // namespace ms2m::node
