#include "broker/pump.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <utility>

#include "broker/endpoint.hpp"
#include "broker/way_back.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

constexpr std::uint16_t kPrefetch = 2 * kBatch;  // one batch in hand, one on its way
// Nothing tells a publisher that a queue has become shorter, so it has to look: a passive declare costs 0.2 ms, the
// exact count of the management API some 2 ms and more where there are many queues.
constexpr Millis kLookAgain{5};
constexpr Millis kLookAgainExactly{20};
constexpr Millis kLookWhilePacing{5};
constexpr Millis kLong{60000};
// What is relayed has been taken from its queue in time, and waits for a copy that is not there yet: it must not expire
// there while the source works on it. Longer ones stay, because no migration lasts that long.
constexpr Millis kShortExpiration = std::chrono::minutes(10);
constexpr std::chrono::seconds kPutBackLimit{10};
constexpr std::chrono::seconds kElection{10};  // a quorum queue without a leader for longer is not waited for
constexpr Millis kLookForLeader{50};
constexpr Millis kToldAgain{1000};  // what was acknowledged, to a new leader; nobody says when it has been

}  // namespace

RabbitPump::RabbitPump(const amqp::Endpoint& endpoint, PumpSpec spec, const StopToken& stop)
    : spec_(std::move(spec)),
      user_(own_user(endpoint)),
      window_(spec_.max_window, spec_.horizon),
      pacer_(spec_.pace, Clock::now()),
      rate_(Clock::now()) {
  connection_ = std::make_unique<amqp::Connection>(endpoint, stop);
  connection_->declare_exchange(spec_.exchange, "fanout", true, stop);
  connection_->select_transactions(stop);
  connection_->watch_blocked(&blocked_);
  connection_->inspect_queue(spec_.follow, stop);
  connection_->set_prefetch(static_cast<std::uint16_t>(std::clamp<std::uint64_t>(spec_.max_window, 1, kPrefetch)),
                            stop);
  connection_->consume(spec_.from, {}, stop);
  leader_ = leader();
  thread_ = std::thread([this] { run(); });
}

RabbitPump::~RabbitPump() {
  hard_.request_stop();
  soft_.request_stop();
  if (thread_.joinable()) thread_.join();
}

PumpStats RabbitPump::stats() const noexcept {
  const std::lock_guard lock(mutex_);
  PumpStats now = stats_;
  now.arrival_rate = rate_.per_second(Clock::now());
  now.blocked = blocked_.load();
  return now;
}

std::string RabbitPump::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

void RabbitPump::pace(const Pace& pace) noexcept {
  const std::lock_guard lock(mutex_);
  new_pace_ = pace;
}

PumpStats RabbitPump::stop(const StopToken& stop) {
  soft_.request_stop();
  const StopToken done = done_.token();
  while (!done.stop_requested()) {
    pollfd fds[2] = {{done.fd(), POLLIN, 0}, {stop.fd(), POLLIN, 0}};
    ::poll(fds, stop.fd() >= 0 ? 2 : 1, static_cast<int>(stop.remaining(kLong).count()));
    if (done.stop_requested()) break;
    try {
      stop.check("stopping the pump");
    } catch (...) {
      hard_.request_stop();
      if (thread_.joinable()) thread_.join();
      throw;
    }
  }
  if (thread_.joinable()) thread_.join();
  return stats();
}

void RabbitPump::run() noexcept {
  try {
    relay_until_stopped();
    finish();
  } catch (const Cancelled&) {
    fail("it was interrupted");
  } catch (const std::exception& error) {
    fail(error.what());
  }
  connection_.reset();
  done_.request_stop();
}

void RabbitPump::fail(const std::string& why) noexcept {
  const std::lock_guard lock(mutex_);
  failure_ = why;
  blocked_.store(false);
  broken_.store(true);
}

void RabbitPump::relay_until_stopped() {
  const StopToken soft = soft_.token();
  auto& waiting = connection_->deliveries();
  while (!soft.stop_requested()) {
    const std::uint64_t pace = paced();
    const std::uint64_t now =
        waiting.empty() ? 0 : std::min({std::uint64_t{waiting.size()}, std::uint64_t{kBatch}, pace, allowance()});
    const std::uint64_t count = now == 0 ? 0 : std::min(now, room());
    const bool pacing = spec_.outstanding && pacer_.active(Clock::now());
    const Millis look_again = pacing ? kLookWhilePacing : spec_.outstanding ? kLookAgainExactly : kLookAgain;
    const bool idle = waiting.empty() && !(pacing && pacer_.waiting());
    try {
      if (count > 0)
        relay(count);
      else  // nothing there, or something that must wait for room or for the limit
        connection_->receive(idle ? kLong : look_again, waiting.empty() ? 1 : kPrefetch, soft);
      // What else can be read at once; whatever the socket holds becomes the next batch.
      if (waiting.size() < kBatch) connection_->receive(Millis{0}, kBatch, soft);
    } catch (const Cancelled&) {
      if (hard_.stop_requested()) throw;
      return;  // between two transactions: nothing is half done
    }
    note_arrivals();
    if (connection_->consumer_cancelled())
      throw Error(ErrorKind::not_found, fmt::format("queue '{}' was deleted or its consumers cancelled", spec_.from));
  }
}

std::uint64_t RabbitPump::ahead() {
  if (spec_.outstanding) {
    try {
      if (const auto exact = spec_.outstanding()) return *exact;
    } catch (const Error&) {
      // No management API just now: the ready ones are better than nothing.
    }
  }
  return connection_->inspect_queue(spec_.follow, hard_.token()).messages;
}

std::uint64_t RabbitPump::room() {
  if (room_ == 0) {
    const std::uint64_t before = ahead();
    window_.look(relayed_, before, BootClock::now());
    const std::uint64_t window = window_.size();
    room_ = before < window ? window - before : 0;
  }
  return room_;
}

/// How many messages the pace allows now.
std::uint64_t RabbitPump::paced() {
  const TimePoint now = Clock::now();
  {
    const std::lock_guard lock(mutex_);
    if (const auto pace = std::exchange(new_pace_, std::nullopt)) pacer_.set(*pace, now);
  }
  if (!spec_.outstanding || !pacer_.active(now)) return kBatch;
  if (pacer_.waiting()) pacer_.look(ahead(), Clock::now());
  return pacer_.allowance(Clock::now());
}

/// How many messages the limit allows now.
std::uint64_t RabbitPump::allowance() {
  const double limit = limit_.load();
  const TimePoint now = Clock::now();
  const double passed = seconds_between(std::exchange(filled_, now), now);
  if (limit <= 0) return kBatch;
  // Never more than a twentieth of a second at once, so that the rate is even.
  tokens_ = std::min(tokens_ + passed * limit, std::max(1.0, limit / 20));
  return static_cast<std::uint64_t>(tokens_);
}

void RabbitPump::check_allowed() const {
  if (spec_.may_go_on && !spec_.may_go_on()) throw Error(ErrorKind::inconsistent, "the dead man's switch has fired");
}

/// Moves the first `count` deliveries in one transaction.
void RabbitPump::relay(std::size_t count) {
  const StopToken hard = hard_.token();
  check_allowed();
  auto& waiting = connection_->deliveries();
  std::uint64_t users = 0, expirations = 0;
  for (std::size_t i = 0; i < count; ++i) {
    // No reference over publish(): it may read, and a deque that grows keeps references but not positions.
    amqp::Delivery& each = waiting[i];
    if (const auto user = each.properties.user_id(); !user.empty() && user != user_) {
      each.properties.drop_user_id();
      ++users;
    }
    if (const auto expiration = each.properties.expiration(); expiration && *expiration < kShortExpiration) {
      each.properties.drop_expiration();
      ++expirations;
    }
    connection_->publish(spec_.exchange, each.routing_key, each.properties, each.body, true, hard);
  }
  connection_->ack(waiting[count - 1].tag, true, hard);
  check_allowed();
  try {
    connection_->commit(hard);
  } catch (const amqp::ConnectionLost& lost) {
    throw amqp::ConnectionLost(
        fmt::format("{}; the last {} messages were relayed or returned, all of them", lost.message(), count));
  }
  auto unrouted = connection_->take_returned();
  waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(count));
  pacer_.sent(count, Clock::now());
  room_ -= count;
  relayed_ += count - unrouted.size();
  tokens_ = std::max(0.0, tokens_ - static_cast<double>(count));
  {
    const std::lock_guard lock(mutex_);
    stats_.relayed += count - unrouted.size();
    stats_.user_ids_dropped += users;
    stats_.expirations_dropped += expirations;
  }
  if (!unrouted.empty()) put_back(std::move(unrouted));
}

/// No queue was bound to the tee for these, and the commit has acknowledged them: they are lost unless put back. The
/// others of their batch are in the tee's queues, and must not come a second time.
void RabbitPump::put_back(std::vector<amqp::Returned> unrouted) {
  // Not the pump's own token: whoever stops it now would lose them.
  const StopToken limited = StopToken{}.within(kPutBackLimit);
  WayBack way(*connection_, spec_.way_back, spec_.from, limited);
  for (auto& each : unrouted) way.publish(each.routing_key, each.properties, each.body, limited);
  connection_->commit(limited);
  const std::size_t lost = connection_->take_returned().size();
  way.close(limited);
  if (lost > 0)
    throw Error(ErrorKind::inconsistent,
                fmt::format("no queue is bound to '{}', and {} of {} messages could not be put back either: there is "
                            "no queue '{}' any more",
                            spec_.exchange, lost, unrouted.size(), spec_.from));
  throw Error(ErrorKind::inconsistent,
              fmt::format("no queue is bound to '{}': {} messages were put back at the end of '{}'", spec_.exchange,
                          unrouted.size(), spec_.from));
}

void RabbitPump::note_arrivals() {
  const auto now = connection_->delivered();
  const std::lock_guard lock(mutex_);
  rate_.add(now - std::exchange(seen_, now), Clock::now());
}

std::optional<std::string> RabbitPump::leader() const {
  if (!spec_.leader) return std::nullopt;
  try {
    return spec_.leader();
  } catch (const Error&) {
    return std::nullopt;  // no management API just now
  }
}

void RabbitPump::await_acknowledged() {
  const StopToken limit = hard_.token().within(kElection);
  for (auto now = leader(); now && (now->empty() || now != leader_); now = leader()) {
    const Millis pause = now->empty() ? kLookForLeader : kToldAgain;
    if (!now->empty()) leader_ = now;
    limit.sleep(pause,
                fmt::format("waiting for a node that leads queue '{}' to take what was acknowledged", spec_.from));
  }
}

void RabbitPump::finish() {
  const StopToken hard = hard_.token();
  await_acknowledged();
  // Answered when everything that we hold is back in the primary, in its old order.
  connection_->close_channel(hard);
  {
    const std::lock_guard lock(mutex_);
    stats_.returned = connection_->delivered() - stats_.relayed;
  }
  try {
    connection_->close(hard.within(std::chrono::seconds{1}));
  } catch (const std::exception&) {
    // All is said and done; closing the socket does as well.
  }
}

}  // namespace ms2m
