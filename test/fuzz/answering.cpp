#include "answering.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstdlib>
#include <utility>

namespace ms2m::test {

Answering::Answering(Speaks how) : how_(how), listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listening_.get(), generic, size) != 0 || ::listen(listening_.get(), 64) != 0 ||
      ::getsockname(listening_.get(), generic, &size) != 0)
    std::abort();
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

Answering::~Answering() {
  ::shutdown(listening_.get(), SHUT_RDWR);
  thread_.join();
}

void Answering::set(std::vector<std::string> bodies) {
  const std::lock_guard lock(mutex_);
  bodies_ = std::move(bodies);
  next_ = 0;
}

std::string Answering::next_answer() {
  const std::lock_guard lock(mutex_);
  const bool there = next_ < bodies_.size();
  const std::string body = there ? bodies_[next_++] : "{}";
  if (how_ == Speaks::raw) return there ? body : "";
  return (there ? "HTTP/1.1 200 OK" : "HTTP/1.1 404 Not Found") +
         std::string("\r\nConnection: close\r\nContent-Length: ") + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// Reads until the other side has gone, so that no reset overtakes what was said.
void Answering::serve(const posix::UniqueFd& peer) {
  std::string head;
  char buffer[4096];
  const auto read = [&] {
    const ssize_t got = ::recv(peer.get(), buffer, sizeof buffer, 0);
    if (got > 0) head.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  };
  if (how_ == Speaks::http)
    while (head.find("\r\n\r\n") == std::string::npos)
      if (!read()) return;
  const std::string answer = next_answer();
  for (std::size_t sent = 0; sent < answer.size();) {
    const ssize_t some = ::send(peer.get(), answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
    if (some <= 0) return;
    sent += static_cast<std::size_t>(some);
  }
  ::shutdown(peer.get(), SHUT_WR);
  while (read()) head.clear();
}

void Answering::run() {
  for (;;) {
    const posix::UniqueFd peer(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!peer) return;
    serve(peer);
  }
}

}  // namespace ms2m::test
