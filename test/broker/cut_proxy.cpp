#include "broker/cut_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <vector>

namespace ms2m::test {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_port = htons(port);
  made.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return made;
}

void reset(int fd) {
  const linger none{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  ::close(fd);
}

}  // namespace

CutProxy::CutProxy(std::uint16_t to_port) : to_port_(to_port) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto here = loopback(0);
  socklen_t size = sizeof here;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&here), size) != 0 || ::listen(listener_, 16) != 0)
    throw std::runtime_error("proxy: cannot listen");
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&here), &size);
  port_ = ntohs(here.sin_port);
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  thread_ = std::thread([this] { run(); });
}

CutProxy::~CutProxy() {
  ending_ = true;
  ::eventfd_write(wake_, 1);
  thread_.join();
  for (const auto& [client, broker] : pairs_) {
    ::close(client);
    ::close(broker);
  }
  ::close(listener_);
  ::close(wake_);
}

void CutProxy::cut() {
  cut_ = true;
  ::eventfd_write(wake_, 1);
  while (cut_) ::usleep(200);
}
void CutProxy::refuse(bool refuse) { refuse_ = refuse; }
void CutProxy::stall(bool stall) {
  stall_ = stall;
  ::eventfd_write(wake_, 1);
}
void CutProxy::stall_answers(bool stall) {
  stall_answers_ = stall;
  ::eventfd_write(wake_, 1);
}

std::size_t CutProxy::connections() const {
  const std::lock_guard lock(mutex_);
  return pairs_.size();
}

void CutProxy::accept_one() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const int broker = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto there = loopback(to_port_);
  if (refuse_ || ::connect(broker, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0) {
    reset(client);
    reset(broker);
    return;
  }
  const int on = 1;
  ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(broker, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::lock_guard lock(mutex_);
  pairs_[client] = broker;
}

void CutProxy::close_pair(int client) {
  const std::lock_guard lock(mutex_);
  const auto found = pairs_.find(client);
  if (found == pairs_.end()) return;
  reset(found->first);
  reset(found->second);
  pairs_.erase(found);
}

void CutProxy::transfer(int from, int to, bool answers) {
  char buffer[65536];
  const auto count = ::recv(from, buffer, sizeof buffer, 0);
  bool ok = count > 0;
  if (ok && answers) answered_ += static_cast<std::size_t>(count);
  for (ssize_t sent = 0; ok && sent < count;) {
    const auto now = ::send(to, buffer + sent, static_cast<std::size_t>(count - sent), MSG_NOSIGNAL);
    ok = now > 0;
    sent += now;
  }
  if (!ok) close_pair(answers ? to : from);
}

void CutProxy::run() {
  while (!ending_) {
    if (cut_) {
      std::vector<int> clients;
      for (const auto& [client, broker] : pairs_) clients.push_back(client);
      for (const int client : clients) close_pair(client);
      cut_ = false;
    }
    std::vector<pollfd> fds{{listener_, POLLIN, 0}, {wake_, POLLIN, 0}};
    std::vector<std::pair<int, bool>> peers;
    for (const auto& [client, broker] : pairs_) {
      fds.push_back({client, static_cast<short>(stall_ ? 0 : POLLIN), 0});
      fds.push_back({broker, static_cast<short>(stall_ || stall_answers_ ? 0 : POLLIN), 0});
      peers.emplace_back(broker, false);
      peers.emplace_back(client, true);
    }
    ::poll(fds.data(), fds.size(), 100);
    eventfd_t ignored = 0;
    ::eventfd_read(wake_, &ignored);
    if (cut_ || ending_) continue;
    for (std::size_t i = 2; i < fds.size(); ++i) {
      const auto [peer, answers] = peers[i - 2];
      const bool still = pairs_.count(answers ? peer : fds[i].fd) > 0;
      const bool held = stall_ || (answers && stall_answers_);
      if (still && fds[i].revents != 0 && !held) transfer(fds[i].fd, peer, answers);
    }
    if (fds[0].revents != 0) accept_one();
  }
}

}  // namespace ms2m::test
