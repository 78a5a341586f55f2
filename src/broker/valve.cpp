#include "broker/valve.hpp"

#include <utility>

#include "ms2m/error.hpp"

namespace ms2m {
namespace {

// Above what anybody would choose for an application; "higher than all" has no other way to be said.
constexpr std::int64_t kPriority = 1000000;
constexpr std::size_t kAtOnce = 256;
constexpr std::chrono::seconds kOpenLimit{5};
constexpr std::uint64_t kFlood = 150;
constexpr Millis kFloodTime{500};

}  // namespace

RabbitValve::RabbitValve(const amqp::Endpoint& endpoint, std::string queue, std::uint64_t max_held,
                         const StopToken& stop)
    : max_held_(max_held), connection_(std::make_unique<amqp::Connection>(endpoint, stop)) {
  ready_at_closing_ = connection_->inspect_queue(queue, stop).messages;
  connection_->count_only();
  connection_->consume(queue, {{"x-priority", kPriority}}, stop);
  thread_ = std::thread([this] { run(); });
}

RabbitValve::~RabbitValve() {
  hard_.request_stop();
  soft_.request_stop();
  if (thread_.joinable()) thread_.join();
}

std::uint64_t RabbitValve::open() {
  soft_.request_stop();
  if (thread_.joinable()) thread_.join();
  return most_held_.load();
}

void RabbitValve::run() noexcept {
  try {
    read();
  } catch (const Cancelled&) {
    try {
      const StopToken limited = hard_.token().within(kOpenLimit);
      connection_->close_channel(limited);
      most_held_.store(connection_->delivered());
      connection_->close(limited);
    } catch (const std::exception&) {
      // Interrupted or not answered: the closed socket returns the messages just as well, only not before we are back.
    }
  } catch (const std::exception&) {
    broken_.store(true);
  }
  connection_.reset();
  held_.store(0);
}

void RabbitValve::watch_for_flood(std::uint64_t delivered) {
  const TimePoint now = Clock::now();
  // What waited comes in one burst, and that is the closing's own risk.
  const std::uint64_t arrived = delivered > ready_at_closing_ ? delivered - ready_at_closing_ : 0;
  if (arrivals_.empty()) arrivals_.emplace_back(now, 0);
  while (arrivals_.size() > 1 && now - arrivals_[1].first > kFloodTime) arrivals_.pop_front();
  arrivals_.emplace_back(now, arrived);
  if (arrived - arrivals_.front().second > kFlood) flooded_.store(now.time_since_epoch().count());
}

void RabbitValve::read() {
  const StopToken soft = soft_.token();
  for (;;) {
    connection_->receive(std::chrono::minutes{1}, kAtOnce, soft);
    watch_for_flood(connection_->delivered());
    held_.store(connection_->delivered());
    most_held_.store(connection_->delivered());
    if (connection_->consumer_cancelled()) throw Error(ErrorKind::not_found, "the queue was deleted");
    if (connection_->delivered() > max_held_) throw Error(ErrorKind::failed, "more messages than may be held");
  }
}

}  // namespace ms2m
