// The pump on RabbitMQ: one connection, one channel in transaction mode.
//
// Publish and acknowledgement are committed together, so that a pump that dies at any point leaves each message either
// in the tee or in the primary. Another pump may be started after one that broke, once the primary shows no consumer
// any more: until then the broker holds the dead one's messages back, and the new one would overtake them. A batch is
// what can be read at once, at most 50: a single message is relayed without delay, a flood at full speed.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "broker/pacing.hpp"
#include "ms2m/broker.hpp"
#include "wrap/amqp/connection.hpp"

namespace ms2m {

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
  void await_acknowledged();
  std::optional<std::string> leader() const;
  std::uint64_t room();
  std::uint64_t ahead();
  std::uint64_t allowance();
  std::uint64_t paced();
  void check_allowed() const;
  void relay(std::size_t count);
  void put_back(std::vector<amqp::Returned> unrouted);
  void note_arrivals();
  void fail(const std::string& why) noexcept;

  const PumpSpec spec_;
  const std::string user_;
  std::unique_ptr<amqp::Connection> connection_;  // the thread's own once it runs
  AheadWindow window_;
  std::optional<std::string> leader_;
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
