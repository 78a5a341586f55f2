// The pump on RabbitMQ: one connection, one channel in transaction mode.
//
// Publish and acknowledgement are committed together, so that a pump that dies at any point leaves each message either
// in the tee or in the primary. Another pump may be started after one that broke, once the primary shows no consumer
// any more: until then the broker holds the dead one's messages back, and the new one would overtake them. A batch is
// what can be read at once, at most 50: a single message is relayed without delay, a flood at full speed.
#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ms2m/broker.hpp"
#include "wrap/amqp/connection.hpp"

namespace ms2m {

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

class RabbitPump : public Pump {
 public:
  RabbitPump(const amqp::Endpoint& endpoint, PumpSpec spec, const StopToken& stop);
  ~RabbitPump() override;  ///< closes the socket when still running: what is not committed returns

  PumpStats stats() const noexcept override;
  bool broken() const noexcept override { return broken_.load(); }
  std::string failure() const override;
  void limit(double messages_per_second) noexcept override { limit_.store(messages_per_second); }
  void pace(const Pace& pace) noexcept override;
  /// Cancelled or Error{timeout} when the token ends first: the socket is closed then, and stats().relayed may lack one
  /// batch.
  PumpStats stop(const StopToken& stop) override;

 private:
  void run() noexcept;
  void relay_until_stopped();
  void finish();
  std::uint64_t room();
  std::uint64_t ahead();
  std::uint64_t allowance();
  std::uint64_t paced();
  void check_allowed() const;
  void relay(std::size_t count);
  void put_back(std::vector<amqp::Returned> unrouted);
  bool open_way_back(const StopToken& stop);
  void note_arrivals();
  void fail(const std::string& why) noexcept;

  const PumpSpec spec_;
  const std::string user_;
  std::unique_ptr<amqp::Connection> connection_;  // the thread's own once it runs
  AheadWindow window_;
  std::uint64_t room_ = 0;  // messages that may still go to `follow` without another look
  std::uint64_t seen_ = 0;
  std::uint64_t relayed_ = 0;
  Pacer pacer_;
  double tokens_ = 0;  // of the limit
  TimePoint filled_ = Clock::now();
  std::atomic<double> limit_{0};
  std::atomic<bool> blocked_{false};

  mutable std::mutex mutex_;  // guards stats_, rate_, failure_, new_pace_
  std::optional<Pace> new_pace_;
  PumpStats stats_;
  RateMeter rate_;
  std::string failure_;
  std::atomic<bool> broken_{false};
  StopSource soft_;
  StopSource hard_;
  StopSource done_;
  std::thread thread_;
};

}  // namespace ms2m
