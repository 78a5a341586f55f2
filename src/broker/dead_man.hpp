// The dead man's switch on RabbitMQ.
//
// Its queue holds exactly one message. A renewal replaces it in one AMQP transaction: publish the new one, get the old
// one, acknowledge it, tx.commit. So there is no instant with two messages or none, and an empty queue means that it
// has fired. The publish comes before the get on purpose: a broker with an alarm stops reading at the publish, so the
// old message is not held by us and fires in time. Only between get and commit (about a millisecond) is it held: should
// this host vanish without a trace just then, it fires when the broker misses our heartbeats, at most about 3/5 of the
// ttl later. Every message has a number in its message_id; finding another one than expected, or none, latches fired().
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "ms2m/broker.hpp"
#include "wrap/amqp/connection.hpp"

namespace ms2m {

/// What the thread, the object and a pivot share.
struct DeadManState {
  bool fired() const noexcept;

  mutable std::atomic<bool> latched{false};
  /// Boot time, as the broker's clock goes on while this host is suspended.
  std::atomic<BootTime::rep> deadline{0};  ///< before it the message cannot have expired; no renewal until then: fired
  std::atomic<std::int64_t> margin_ms{0};

  std::string current() const;  ///< message_id of the one in the queue
  void replace(std::string id, BootTime expires);

  void alive() noexcept;  ///< the thread runs
  std::optional<Millis> away() const noexcept;
  std::atomic<BootTime::rep> last_alive{0};
  std::atomic<std::int64_t> longest_gap_ms{0};

 private:
  mutable std::mutex mutex_;
  std::string current_;
};

class RabbitDeadMan : public DeadMan {
 public:
  /// Declares the queue, puts the message in (in the place of what an earlier process left there), starts renewing.
  RabbitDeadMan(amqp::Endpoint endpoint, DeadManSpec spec, const StopToken& stop);
  ~RabbitDeadMan() override;  ///< interrupts a renewal in hand; no network round trip

  bool fired() const noexcept override { return state_->fired(); }
  Millis margin() const noexcept override { return Millis{state_->margin_ms.load()}; }
  std::optional<Millis> away() const noexcept override { return state_->away(); }
  /// Blocks for the renewal in hand: milliseconds, at most half the ttl or 5 s when the broker does not answer.
  void stop_renewing() noexcept override;

  std::shared_ptr<DeadManState> state() const { return state_; }

 private:
  void arm(const StopToken& stop);
  void run() noexcept;
  void rest(const StopToken& soft);
  void renew();
  void send_next(const StopToken& stop);
  void commit(const amqp::Delivery& old, const StopToken& stop);

  const amqp::Endpoint endpoint_;
  const DeadManSpec spec_;
  const std::string prefix_;
  std::shared_ptr<DeadManState> state_;
  std::unique_ptr<amqp::Connection> connection_;  // the thread's own once it runs
  std::uint64_t sequence_ = 0;
  std::string sent_;       // published in the transaction in hand
  std::string uncertain_;  // of a transaction whose commit was not answered
  BootTime uncertain_expires_{};
  bool after_loss_ = false;  // a dead connection of ours may still hold the message
  StopSource soft_;          // no further renewal
  StopSource hard_;          // not even the one in hand
  std::thread thread_;
};

}  // namespace ms2m
