// The valve on RabbitMQ: one connection, one channel, no prefetch limit, x-priority above everybody's. It reads at
// once: a consumer with 200 unsent deliveries counts as blocked, and the others are served with newer messages (facts,
// section 10). How many are on their way it learns from echoes: the channel answers in turn, so whatever the broker had
// for us at a time has come when the answer to a later question is here.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "ms2m/broker.hpp"
#include "wrap/amqp/connection.hpp"

namespace ms2m {

/// Whether more messages may have been on their way at a time than the valve bears. Pure.
class FloodWatch {
 public:
  void asked(std::uint64_t delivered) { asked_ = delivered; }
  /// True: there was a flood since the question before the one that is answered now.
  bool answered(std::uint64_t delivered);

 private:
  std::uint64_t before_ = 0, asked_ = 0;
};

class RabbitValve : public Valve {
 public:
  /// Back when the broker has registered the consumer: whatever becomes ready afterwards comes to us. nullptr: it may
  /// not close.
  static std::unique_ptr<Valve> close(const amqp::Endpoint& endpoint, const ValveSpec& spec, const StopToken& stop);
  ~RabbitValve() override;  ///< closes the socket when still closed: everything returns

  std::uint64_t held() const noexcept override { return held_.load(); }  ///< 0 once opened or broken
  std::uint64_t ready_at_closing() const noexcept override { return ready_at_closing_; }
  Bytes held_bytes() const noexcept override { return {held_bytes_.load()}; }
  bool broken() const noexcept override { return broken_.load(); }
  bool full() const noexcept override { return full_.load(); }
  std::optional<TimePoint> flooded() const noexcept override {
    const auto at = flooded_.load();
    return at == 0 ? std::nullopt : std::optional(TimePoint(Clock::duration(at)));
  }
  /// A flood in what has come is known then.
  void settle(const StopToken& stop) override;
  bool keep() noexcept override;
  /// Blocks for one round trip, at most 5 s; after that the socket is closed, which returns everything as well, but
  /// when the broker notices it.
  std::uint64_t open() override;
  bool returned() const noexcept override { return returned_.load(); }

 private:
  RabbitValve(std::unique_ptr<amqp::Connection> connection, const ValveSpec& spec, std::uint64_t ready,
              std::optional<TimePoint> until);
  void run() noexcept;
  bool read();
  void receive();
  void echo();
  void interrupt();
  bool provisional();

  const std::uint64_t max_held_;
  const Bytes max_held_bytes_;
  const std::uint64_t ready_at_closing_;
  std::unique_ptr<amqp::Connection> connection_;  // the thread's own once it runs, as the next four
  FloodWatch flood_;
  std::uint64_t echoes_ = 0, seen_ = 0;  ///< answers so far; what was delivered at the last question
  TimePoint asked_at_{};
  std::optional<std::uint64_t> answers_;  ///< the question is under way; of settle() it answers so many

  std::atomic<std::uint64_t> held_{0}, held_bytes_{0};
  std::atomic<std::uint64_t> most_held_{0};
  std::atomic<bool> broken_{false}, full_{false}, returned_{false};
  std::atomic<Clock::rep> flooded_{0};
  std::mutex mutex_;
  std::condition_variable settled_;
  std::uint64_t wanted_ = 0, answered_ = 0;  ///< by settle(); how many of them have their answer
  bool opening_ = false, over_ = false;
  std::optional<TimePoint> until_;            ///< it opens then; none any more when it was kept
  std::unique_ptr<StopSource> interruption_;  ///< of the thread's wait
  StopSource hard_;
  std::thread thread_;
};

}  // namespace ms2m
