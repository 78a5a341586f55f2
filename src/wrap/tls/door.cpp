#include "wrap/tls/door.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "ms2m/error.hpp"
#include "wrap/tls/tcp.hpp"

namespace ms2m::tls {

std::unique_ptr<Connection> Door::admit(const StopToken& stop) {
  for (;;) {
    let_come();
    if (auto connection = look()) {
      listening_.clear();
      waiting_.clear();
      return connection;
    }
    wait(stop);
  }
}

void Door::wait(const StopToken& stop) const {
  std::vector<pollfd> fds{{stop.fd(), POLLIN, 0}};
  for (const auto& each : listening_) fds.push_back({each.get(), POLLIN, 0});
  Millis limit{60'000};
  for (const Waiting& each : waiting_) {
    fds.push_back({each.connection->fd(), static_cast<short>(each.want == Want::writable ? POLLOUT : POLLIN), 0});
    limit = std::min(limit, std::max(Millis{0}, std::chrono::ceil<Millis>(each.until - Clock::now())));
  }
  if (::poll(fds.data(), fds.size(), static_cast<int>(stop.remaining(limit).count())) < 0 && errno != EINTR)
    posix::throw_errno("poll");
  stop.check("waiting for the other node's connection");
}

/// No more at a time than may wait: whoever is at the door is looked at between, however many come.
void Door::let_come() {
  for (const auto& each : listening_)
    for (std::size_t come = 0; come < kMostWaiting; ++come) {
      auto socket = accept_from(each);
      if (!socket) break;
      if (waiting_.size() == kMostWaiting) {
        auto oldest = waiting_.begin();
        turn_away(oldest);
      }
      waiting_.push_back({std::make_unique<Connection>(std::move(socket), Side::server, own_, peer_), Want::readable,
                          Clock::now() + kPatience});
    }
}

void Door::turn_away(std::list<Waiting>::iterator& each) {
  each = waiting_.erase(each);
  ++strangers_;
}

std::unique_ptr<Connection> Door::look() {
  for (auto each = waiting_.begin(); each != waiting_.end();) {
    try {
      each->want = each->connection->shake_hands();
    } catch (const Error&) {
      turn_away(each);
      continue;
    }
    if (each->want == Want::nothing) return std::move(each->connection);
    if (Clock::now() >= each->until)
      turn_away(each);
    else
      ++each;
  }
  return nullptr;
}

}  // namespace ms2m::tls
