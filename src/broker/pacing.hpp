// How fast the pump may relay. Pure, but for the times that they are given.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "ms2m/broker.hpp"

namespace ms2m {

/// Messages that one commit relays at most.
inline constexpr std::size_t kBatch = 50;

/// Events per second over the last three seconds. Not thread-safe.
class RateMeter {
 public:
  explicit RateMeter(TimePoint start) : start_(start) {}
  void add(std::uint64_t count, TimePoint now);
  double per_second(TimePoint now) const;

 private:
  static constexpr Millis kSlot{250};
  static constexpr std::size_t kSlots = 12;
  struct Slot {
    std::int64_t number = -1;
    std::uint64_t count = 0;
  };
  static std::int64_t number_of(TimePoint now) { return now.time_since_epoch() / kSlot; }
  TimePoint start_;
  std::array<Slot, kSlots> slots_{};
};

/// How far the pump may be ahead of the source: what the source was seen to work off within `horizon`. Not thread-safe.
class AheadWindow {
 public:
  AheadWindow(std::uint64_t most, Millis horizon) : most_(most == 0 ? 1 : most), horizon_(horizon) {}
  /// At `now`, after `relayed` messages in all, the source has `ahead` of them before it.
  /// Boot time: the source works while this machine is suspended, and would be taken for faster than it is.
  void look(std::uint64_t relayed, std::uint64_t ahead, BootTime now);
  std::uint64_t size() const;

 private:
  const std::uint64_t most_;
  const Millis horizon_;
  std::optional<BootTime> last_;
  std::uint64_t processed_ = 0;
  double busy_done_ = 0;  // messages and seconds in which the source was never idle; old ones fade
  double busy_time_ = 0;
  double at_least_ = 0;  // messages/s that it managed although it was idle in between
};

/// Carries out a Pace: hands out batches that keep the source busy for about `kCycle`, one after the other. Not
/// thread-safe.
class Pacer {
 public:
  Pacer(const Pace& pace, TimePoint now) { set(pace, now); }
  void set(const Pace& pace, TimePoint now);
  bool active(TimePoint now) const { return pace_.share < 1 && now < until_; }
  /// True while a batch is in the source's hands: somebody has to look() often.
  bool waiting() const { return in_hand_ > 0; }
  /// What is still before the source. A source that acknowledges several at once may never get to 0: one that has not
  /// moved for kStandstill counts as done.
  void look(std::uint64_t ahead, TimePoint now);
  void sent(std::uint64_t count, TimePoint now);
  /// Messages that may go now.
  std::uint64_t allowance(TimePoint now) const;

 private:
  static constexpr Millis kCycle{50};
  static constexpr Millis kStandstill{500};
  Pace pace_;
  TimePoint until_, sent_at_, moved_at_, rest_until_;
  std::uint64_t in_hand_ = 0, ahead_ = 0;
  double batch_ = 1;
};

}  // namespace ms2m
