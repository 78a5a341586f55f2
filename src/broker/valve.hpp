// The valve on RabbitMQ: one connection, one channel, no prefetch limit, x-priority above everybody's. It reads at
// once: a consumer with 200 unsent deliveries counts as blocked, and the others are served with newer messages (facts,
// section 10).
#pragma once
#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "ms2m/broker.hpp"
#include "wrap/amqp/connection.hpp"

namespace ms2m {

class RabbitValve : public Valve {
 public:
  /// Back when the broker has registered the consumer: whatever becomes ready afterwards comes to us.
  RabbitValve(const amqp::Endpoint& endpoint, std::string queue, std::uint64_t max_held, const StopToken& stop);
  ~RabbitValve() override;  ///< closes the socket when still closed: everything returns

  std::uint64_t held() const noexcept override { return held_.load(); }  ///< 0 once opened or broken
  std::uint64_t ready_at_closing() const noexcept override { return ready_at_closing_; }
  bool broken() const noexcept override { return broken_.load(); }
  std::optional<TimePoint> flooded() const noexcept override {
    const auto at = flooded_.load();
    return at == 0 ? std::nullopt : std::optional(TimePoint(Clock::duration(at)));
  }
  /// Blocks for one round trip, at most 5 s; after that the socket is closed, which returns everything as well.
  std::uint64_t open() override;

 private:
  void run() noexcept;
  void read();
  void watch_for_flood(std::uint64_t delivered);

  const std::uint64_t max_held_;
  std::uint64_t ready_at_closing_ = 0;
  std::unique_ptr<amqp::Connection> connection_;  // the thread's own once it runs
  std::atomic<std::uint64_t> held_{0};
  std::atomic<std::uint64_t> most_held_{0};
  std::atomic<bool> broken_{false};
  std::atomic<Clock::rep> flooded_{0};
  std::deque<std::pair<TimePoint, std::uint64_t>> arrivals_;  // of the last half second, and one before it
  StopSource soft_;
  StopSource hard_;
  std::thread thread_;
};

}  // namespace ms2m
