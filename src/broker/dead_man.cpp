#include "broker/dead_man.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "ms2m/error.hpp"

namespace ms2m {
namespace {

constexpr Millis kReconnectPause{100};
constexpr Millis kLookUp{500};     // so often the thread notes that it runs
constexpr Millis kAwayFrom{4000};  // no scheduler keeps it waiting for so long

std::string random_prefix() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

amqp::Arguments arguments_of(const DeadManSpec& spec) {
  return {{"x-message-ttl", std::int64_t{spec.ttl.count()}},
          {"x-dead-letter-exchange", std::string{}},
          {"x-dead-letter-routing-key", spec.control_queue}};
}

}  // namespace

bool DeadManState::fired() const noexcept {
  if (!latched.load() && BootClock::now().time_since_epoch().count() >= deadline.load()) latched.store(true);
  return latched.load();
}

std::string DeadManState::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

void DeadManState::alive() noexcept {
  const BootTime now = BootClock::now();
  const BootTime last{BootClock::duration(last_alive.exchange(now.time_since_epoch().count()))};
  if (last == BootTime{}) return;
  const auto gap = std::chrono::duration_cast<Millis>(now - last).count();
  if (gap > longest_gap_ms.load()) longest_gap_ms.store(gap);
}

std::optional<Millis> DeadManState::away() const noexcept {
  const BootTime last{BootClock::duration(last_alive.load())};
  const auto now = last == BootTime{} ? Millis{0} : std::chrono::duration_cast<Millis>(BootClock::now() - last);
  const Millis longest = std::max(now, Millis{longest_gap_ms.load()});
  return longest > kAwayFrom ? std::optional(longest) : std::nullopt;
}

void DeadManState::replace(std::string id, BootTime expires) {
  const std::lock_guard lock(mutex_);
  current_ = std::move(id);
  deadline.store(expires.time_since_epoch().count());
}

RabbitDeadMan::RabbitDeadMan(amqp::Endpoint endpoint, DeadManSpec spec, const StopToken& stop)
    : endpoint_(std::move(endpoint)),
      spec_(std::move(spec)),
      prefix_(random_prefix()),
      state_(std::make_shared<DeadManState>()) {
  state_->margin_ms.store(spec_.ttl.count());
  arm(stop);
  thread_ = std::thread([this] { run(); });
}

RabbitDeadMan::~RabbitDeadMan() {
  hard_.request_stop();
  soft_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void RabbitDeadMan::stop_renewing() noexcept {
  soft_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void RabbitDeadMan::send_next(const StopToken& stop) {
  sent_ = fmt::format("{}-{}", prefix_, ++sequence_);
  connection_->publish("", spec_.queue, amqp::Properties::make("application/json", sent_, true), spec_.message, true,
                       stop);
}

void RabbitDeadMan::arm(const StopToken& stop) {
  connection_ = std::make_unique<amqp::Connection>(endpoint_, stop);
  connection_->declare_queue(spec_.queue, arguments_of(spec_), stop);
  connection_->inspect_queue(spec_.control_queue, stop);  // 404: it would have nowhere to fire to
  connection_->select_transactions(stop);
  send_next(stop);
  std::uint64_t last = 0;
  while (const auto old = connection_->get(spec_.queue, stop)) last = old->tag;
  if (last != 0) connection_->ack(last, true, stop);
  const BootTime before = BootClock::now();
  connection_->commit(stop);
  state_->replace(sent_, before + spec_.ttl);
}

void RabbitDeadMan::run() noexcept {
  const StopToken soft = soft_.token();
  try {
    while (!state_->fired()) {
      rest(soft);
      try {
        renew();
      } catch (const amqp::ChannelClosed& closed) {
        if (closed.kind() == ErrorKind::unavailable) {  // nobody can tell: as if the connection were lost
          connection_.reset();
          after_loss_ = true;
          continue;
        }
        state_->latched.store(true);  // its queue is gone, or is not what it was
      } catch (const Error&) {
        // Lost, timed out or blocked by an alarm. The message is in the queue, or will be back; time tells.
        connection_.reset();
        after_loss_ = true;
      }
    }
  } catch (const Cancelled&) {
    try {
      if (connection_ && connection_->usable()) connection_->close(hard_.token().within(std::chrono::seconds{1}));
    } catch (const std::exception&) {
      // Closing the socket does as well.
    }
  } catch (const std::exception&) {
    state_->latched.store(true);
  }
  connection_.reset();
}

/// Waits for the next renewal while heartbeats go on. Throws Cancelled when no other renewal is wanted.
void RabbitDeadMan::rest(const StopToken& soft) {
  const TimePoint until = Clock::now() + (connection_ ? spec_.ttl / 6 : kReconnectPause);
  while (Clock::now() < until) {
    state_->alive();
    if (!connection_) {
      soft.sleep(until - Clock::now(), "waiting for the broker");
      return;
    }
    try {
      connection_->receive(std::min(kLookUp, std::chrono::ceil<Millis>(until - Clock::now())), 1, soft);
    } catch (const Error&) {  // lost while idle: nothing is uncertain, renew on a new connection at once
      connection_.reset();
      return;
    }
  }
}

void RabbitDeadMan::renew() {
  const StopToken limited = hard_.token().within(std::min<Millis>(spec_.ttl / 2, Millis{5000}));
  if (!connection_) {
    connection_ = std::make_unique<amqp::Connection>(endpoint_, limited);
    connection_->select_transactions(limited);
  }
  connection_->take_returned();
  send_next(limited);
  const auto old = connection_->get(spec_.queue, limited);
  if (!old && after_loss_) {
    // A connection that the broker does not yet know to be dead may hold it. It comes back, or the deadline passes.
    connection_->rollback(limited);
    return;
  }
  const std::string id = old ? old->properties.message_id() : std::string{};
  if (!old || (id != state_->current() && (uncertain_.empty() || id != uncertain_))) {
    state_->latched.store(true);
    connection_.reset();  // what we may have taken goes back and fires too
    return;
  }
  if (id != state_->current()) state_->replace(uncertain_, uncertain_expires_);
  commit(*old, limited);
}

void RabbitDeadMan::commit(const amqp::Delivery& old, const StopToken& stop) {
  state_->alive();
  const BootTime now = BootClock::now();
  const auto left =
      std::chrono::duration_cast<Millis>(BootTime(BootClock::duration(state_->deadline.load())) - now).count();
  state_->margin_ms.store(std::min(state_->margin_ms.load(), std::int64_t{left}));
  uncertain_ = sent_;
  uncertain_expires_ = now + spec_.ttl;
  connection_->ack(old.tag, false, stop);
  connection_->commit(stop);
  if (!connection_->take_returned().empty()) {  // the queue vanished inside the transaction
    state_->latched.store(true);
    return;
  }
  state_->replace(sent_, now + spec_.ttl);
  uncertain_.clear();
  after_loss_ = false;
}

}  // namespace ms2m
