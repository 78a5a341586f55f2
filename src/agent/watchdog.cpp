#include "agent/watchdog.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace ms2m::agent {
namespace {

constexpr std::chrono::hours kNever{1};

}  // namespace

Watchdog::Watchdog(std::size_t most_unknown) : most_unknown_(most_unknown) {
  thread_ = std::thread([this] { run(); });
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Watchdog::Connection* Watchdog::own() {
  const auto found = connections_.find(std::this_thread::get_id());
  return found == connections_.end() ? nullptr : &found->second;
}

void Watchdog::end(Connection& connection) {
  connection.ended = true;
  ::shutdown(connection.socket.get(), SHUT_RDWR);
}

void Watchdog::watch(int socket, TimePoint deadline, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (own() != nullptr) return;
  posix::UniqueFd copy(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
  if (!copy) return;  // its requests are refused
  std::size_t unknown = 0;
  Connection* oldest = nullptr;
  for (auto& [thread, each] : connections_) {
    if (!each.unknown || each.ended) continue;
    ++unknown;
    if (oldest == nullptr || each.number < oldest->number) oldest = &each;
  }
  if (unknown >= most_unknown_ && oldest != nullptr) end(*oldest);
  Connection& connection = connections_[std::this_thread::get_id()];
  connection = {std::move(copy), deadline, ++last_, true, false, false, bytes};
  if (none_any_more_) end(connection);
  changed_.notify_all();
}

bool Watchdog::extend(TimePoint deadline) {
  const std::lock_guard lock(mutex_);
  Connection* connection = own();
  if (connection == nullptr || connection->ended) return false;
  if (deadline < connection->deadline) changed_.notify_all();
  connection->deadline = deadline;
  return true;
}

void Watchdog::allow(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (Connection* connection = own()) connection->allowed = bytes;
}

void Watchdog::came(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  Connection* connection = own();
  if (connection == nullptr || connection->ended) return;
  if (bytes > connection->allowed) return end(*connection);
  connection->allowed -= bytes;
}

void Watchdog::trust() {
  const std::lock_guard lock(mutex_);
  if (Connection* connection = own()) connection->unknown = false;
}

void Watchdog::serve() {
  const std::lock_guard lock(mutex_);
  if (Connection* connection = own()) connection->served = true;
}

bool Watchdog::was_served() {
  const std::lock_guard lock(mutex_);
  Connection* connection = own();
  return connection != nullptr && std::exchange(connection->served, false);
}

void Watchdog::end() {
  const std::lock_guard lock(mutex_);
  if (Connection* connection = own()) end(*connection);
}

void Watchdog::forget() {
  const std::lock_guard lock(mutex_);
  connections_.erase(std::this_thread::get_id());
}

void Watchdog::end_all() {
  const std::lock_guard lock(mutex_);
  none_any_more_ = true;
  for (auto& [thread, connection] : connections_) end(connection);
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    const TimePoint now = Clock::now();
    TimePoint next = now + kNever;
    for (auto& [thread, connection] : connections_) {
      if (connection.ended) continue;
      if (connection.deadline <= now)
        end(connection);
      else
        next = std::min(next, connection.deadline);
    }
    changed_.wait_until(lock, next);
  }
}

}  // namespace ms2m::agent
