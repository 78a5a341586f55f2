#include "broker/valve.hpp"

#include <algorithm>
#include <utility>

#include "ms2m/error.hpp"

namespace ms2m {
namespace {

// Above what anybody would choose for an application; "higher than all" has no other way to be said.
constexpr std::int64_t kPriority = 1000000;
constexpr std::size_t kAtOnce = 256;
constexpr std::chrono::seconds kOpenLimit{5};
/// Of a source that stands still: within what is left to the end of its freeze.
constexpr std::chrono::seconds kOpenProvisional{3};
/// Of the broker's 200 unsent deliveries, whose end it notices by fifties.
constexpr std::uint64_t kFlood = 150;
constexpr Millis kEchoes{10};  // between two questions
constexpr Millis kLook{20};

}  // namespace

bool FloodWatch::answered(std::uint64_t delivered) {
  const bool flood = delivered - before_ > kFlood;
  before_ = asked_;
  return flood;
}

std::unique_ptr<Valve> RabbitValve::close(const amqp::Endpoint& endpoint, const ValveSpec& spec,
                                          const StopToken& stop) {
  auto connection = std::make_unique<amqp::Connection>(endpoint, stop);
  StopToken limit = stop;
  std::uint64_t ready = connection->inspect_queue(spec.queue, limit).messages;
  if (spec.may_close) {
    if (!spec.may_close(ready, limit)) return nullptr;
    ready = connection->inspect_queue(spec.queue, limit).messages;
  }
  if (ready > spec.ready_at_most) return nullptr;
  connection->count_only();
  connection->consume(spec.queue, {{"x-priority", kPriority}}, limit);
  const auto until = spec.provisional ? limit.deadline() : std::nullopt;
  return std::unique_ptr<Valve>(new RabbitValve(std::move(connection), spec, ready, until));
}

RabbitValve::RabbitValve(std::unique_ptr<amqp::Connection> connection, const ValveSpec& spec, std::uint64_t ready,
                         std::optional<TimePoint> until)
    : max_held_(spec.max_held),
      max_held_bytes_(spec.max_held_bytes),
      ready_at_closing_(ready),
      connection_(std::move(connection)),
      until_(until),
      interruption_(std::make_unique<StopSource>()) {
  thread_ = std::thread([this] { run(); });
}

RabbitValve::~RabbitValve() {
  hard_.request_stop();
  open();
}

void RabbitValve::interrupt() { interruption_->request_stop(); }

bool RabbitValve::provisional() {
  const std::lock_guard lock(mutex_);
  return until_.has_value();
}

bool RabbitValve::keep() noexcept {
  const std::lock_guard lock(mutex_);
  if (over_ || broken_.load()) return false;
  until_.reset();
  return true;
}

std::uint64_t RabbitValve::open() {
  {
    const std::lock_guard lock(mutex_);
    opening_ = true;
    interrupt();
  }
  if (thread_.joinable()) thread_.join();
  return most_held_.load();
}

void RabbitValve::settle(const StopToken& stop) {
  std::unique_lock lock(mutex_);
  const std::uint64_t mine = ++wanted_;
  interrupt();
  while (answered_ < mine) {
    if (over_) throw Error(ErrorKind::unavailable, "the valve is not closed any more");
    stop.check("waiting for what the broker has sent to the valve");
    settled_.wait_for(lock, std::min(kLook, stop.remaining(kLook)));
  }
}

void RabbitValve::run() noexcept {
  bool connected = true;
  try {
    if (!read()) broken_.store(true);
  } catch (const std::exception&) {
    broken_.store(true);
    connected = false;
  }
  if (connected) try {
      const StopToken limited = hard_.token().within(provisional() ? kOpenProvisional : kOpenLimit);
      connection_->close_channel(limited);
      returned_.store(true);
      most_held_.store(connection_->delivered());
      connection_->close(limited);
    } catch (const std::exception&) {
      // Interrupted or not answered: the closed socket returns the messages just as well, only not before we are back.
    }
  connection_.reset();
  held_.store(0);
  held_bytes_.store(0);
  const std::lock_guard lock(mutex_);
  over_ = true;
  settled_.notify_all();
}

/// Until something has come, a question is due, or somebody wants something.
void RabbitValve::receive() {
  StopToken token;
  Millis patience{60000};
  {
    const std::lock_guard lock(mutex_);
    if (opening_) return;
    if (until_) patience = std::clamp(std::chrono::ceil<Millis>(*until_ - Clock::now()), Millis{0}, patience);
    if (interruption_->stop_requested()) interruption_ = std::make_unique<StopSource>();
    token = interruption_->token();
    if (!answers_ && wanted_ > answered_) return;
  }
  const bool due = !answers_ && connection_->delivered() != seen_;
  const Millis rest = std::chrono::ceil<Millis>(asked_at_ + kEchoes - Clock::now());
  try {
    connection_->receive(due ? std::clamp(rest, Millis{0}, kEchoes) : patience, kAtOnce, token);
  } catch (const Cancelled&) {
  }
}

void RabbitValve::echo() {
  const std::uint64_t delivered = connection_->delivered();
  std::unique_lock lock(mutex_);
  if (answers_ && connection_->echoes() != echoes_) {
    echoes_ = connection_->echoes();
    if (flood_.answered(delivered)) flooded_.store(Clock::now().time_since_epoch().count());
    answered_ = *std::exchange(answers_, std::nullopt);
    settled_.notify_all();
  }
  const TimePoint now = Clock::now();
  const bool due = delivered != seen_ && now >= asked_at_ + kEchoes;
  const std::uint64_t wanted = wanted_;
  if (answers_ || (!due && wanted == answered_)) return;
  lock.unlock();
  connection_->send_echo(hard_.token().within(kOpenLimit));
  flood_.asked(delivered);
  asked_at_ = now;
  seen_ = delivered;
  answers_ = wanted;
}

/// False: it may not stay closed.
bool RabbitValve::read() {
  for (;;) {
    receive();
    const std::uint64_t delivered = connection_->delivered();
    held_.store(delivered);
    held_bytes_.store(connection_->delivered_bytes().count);
    most_held_.store(delivered);
    if (connection_->consumer_cancelled()) return false;  // the queue was deleted
    if (delivered > max_held_ || connection_->delivered_bytes() > max_held_bytes_) {
      full_.store(true);  // before it is seen to have broken
      return false;
    }
    {
      const std::lock_guard lock(mutex_);
      if (opening_) return true;
      if (until_ && Clock::now() >= *until_) {
        broken_.store(true);  // before anybody can keep it
        return false;
      }
    }
    echo();
  }
}

}  // namespace ms2m
