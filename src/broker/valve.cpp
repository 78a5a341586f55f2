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
/// Of the broker's 200 unsent deliveries, whose end it notices by fifties.
constexpr std::uint64_t kFlood = 150;
constexpr Millis kEchoes{10};  // between two questions
constexpr Millis kLook{20};

}  // namespace

bool FloodWatch::answered(std::uint64_t delivered) {
  const bool flood = counted(delivered) - before_ > kFlood;
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
  connection->count_only();
  connection->consume(spec.queue, {{"x-priority", kPriority}}, limit);
  return std::unique_ptr<Valve>(new RabbitValve(std::move(connection), spec.max_held, ready));
}

RabbitValve::RabbitValve(std::unique_ptr<amqp::Connection> connection, std::uint64_t max_held, std::uint64_t ready)
    : max_held_(max_held),
      ready_at_closing_(ready),
      connection_(std::move(connection)),
      flood_(ready),
      interruption_(std::make_unique<StopSource>()) {
  thread_ = std::thread([this] { run(); });
}

RabbitValve::~RabbitValve() {
  hard_.request_stop();
  open();
}

void RabbitValve::interrupt() { interruption_->request_stop(); }

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
  try {
    read();
  } catch (const std::exception&) {
    broken_.store(true);
  }
  if (!broken_.load()) try {
      const StopToken limited = hard_.token().within(kOpenLimit);
      connection_->close_channel(limited);
      most_held_.store(connection_->delivered());
      connection_->close(limited);
    } catch (const std::exception&) {
      // Interrupted or not answered: the closed socket returns the messages just as well, only not before we are back.
    }
  connection_.reset();
  held_.store(0);
  const std::lock_guard lock(mutex_);
  over_ = true;
  settled_.notify_all();
}

/// Until something has come, a question is due, or somebody wants something.
void RabbitValve::receive() {
  StopToken token;
  {
    const std::lock_guard lock(mutex_);
    if (opening_) return;
    if (interruption_->stop_requested()) interruption_ = std::make_unique<StopSource>();
    token = interruption_->token();
    if (!answers_ && wanted_ > answered_) return;
  }
  const bool due = !answers_ && connection_->delivered() != seen_;
  const Millis rest = std::chrono::ceil<Millis>(asked_at_ + kEchoes - Clock::now());
  try {
    connection_->receive(due ? std::clamp(rest, Millis{0}, kEchoes) : Millis{60000}, kAtOnce, token);
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

void RabbitValve::read() {
  for (;;) {
    receive();
    const std::uint64_t delivered = connection_->delivered();
    held_.store(delivered);
    most_held_.store(delivered);
    if (connection_->consumer_cancelled()) throw Error(ErrorKind::not_found, "the queue was deleted");
    if (delivered > max_held_) throw Error(ErrorKind::failed, "more messages than may be held");
    {
      const std::lock_guard lock(mutex_);
      if (opening_) return;
    }
    echo();
  }
}

}  // namespace ms2m
