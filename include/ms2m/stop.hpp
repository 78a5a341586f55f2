// Cancellation and deadlines: every blocking call of the program takes a StopToken.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "ms2m/units.hpp"

namespace ms2m {

class StopToken;

/// Owns one stop request. Thread-safe. request_stop() is also async-signal-safe (one write to an eventfd).
class StopSource {
 public:
  StopSource();
  ~StopSource();
  StopSource(const StopSource&) = delete;
  StopSource& operator=(const StopSource&) = delete;

  void request_stop() noexcept;
  bool stop_requested() const noexcept;
  StopToken token() const;

 private:
  friend class StopToken;
  struct State;
  std::shared_ptr<State> state_;
};

/// A stop request to look at, and an optional deadline. Copies share the request; each has its own deadline.
/// A default-constructed token is never stopped and has no deadline. Thread-safe for reading.
class StopToken {
 public:
  StopToken() = default;

  bool stop_requested() const noexcept;
  /// A descriptor that is readable once stop was requested (for poll), or -1. Owned by the source; do not read it.
  int fd() const noexcept;

  /// The same stop request with the earlier of this token's deadline and now + limit.
  StopToken within(Clock::duration limit) const;
  StopToken until(TimePoint deadline) const;
  std::optional<TimePoint> deadline() const noexcept { return deadline_; }
  /// Time left until the deadline (never negative), capped by `cap`; `cap` when there is no deadline.
  Millis remaining(Millis cap) const noexcept;

  /// Throws Cancelled when stopped, Error{timeout, "timed out <doing>"} when the deadline has passed.
  void check(const std::string& doing) const;
  /// Waits for `time`, a stop or the deadline, whichever is first, then check(doing).
  void sleep(Clock::duration time, const std::string& doing) const;

 private:
  friend class StopSource;
  std::shared_ptr<StopSource::State> state_;
  std::optional<TimePoint> deadline_;
};

}  // namespace ms2m
