// Ends connections that take too long or bring too much, or that nobody knows when there are too many of them: a peer
// that sends a byte now and then holds a thread otherwise.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>

#include "ms2m/units.hpp"
#include "wrap/posix/unique_fd.hpp"

namespace ms2m::agent {

/// A connection is served by one thread from its begin to its end, and here it is the calling thread's. Thread-safe.
class Watchdog {
 public:
  /// Connections that have not shown the token: at most so many at a time; for one more the oldest of them goes.
  explicit Watchdog(std::size_t most_unknown);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// Watches a socket until forget(); it is ended, not closed, at `deadline`, or when more than `bytes` come. Nothing
  /// when there is one already.
  void watch(int socket, TimePoint deadline, std::size_t bytes);
  /// So many may come from now on.
  void allow(std::size_t bytes);
  void came(std::size_t bytes);
  /// false: it is not watched, or was ended. What it still has to say, which the kernel keeps, does not count.
  bool extend(TimePoint deadline);
  void trust();
  /// What it asks has reached whoever answers it.
  void serve();
  bool was_served();  ///< since the last time that this was asked
  void end();
  void forget();
  void end_all();  ///< also those that are yet to come

 private:
  struct Connection {
    posix::UniqueFd socket;  ///< a duplicate: the number of the other may be somebody else's by now
    TimePoint deadline;
    std::uint64_t number = 0;  ///< in the order in which they came
    bool unknown = true;
    bool ended = false;
    bool served = false;
    std::size_t allowed = 0;  ///< bytes
  };
  void run();
  Connection* own();
  static void end(Connection& connection);
  const std::size_t most_unknown_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::thread::id, Connection> connections_;
  std::uint64_t last_ = 0;
  bool none_any_more_ = false;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace ms2m::agent
