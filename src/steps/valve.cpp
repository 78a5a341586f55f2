#include "steps/valve.hpp"

#include <fmt/format.h>

#include <functional>
#include <utility>

#include "handover/waits.hpp"
#include "journal/operation.hpp"
#include "ms2m/error.hpp"
#include "plan/limits.hpp"
#include "plan/quieting.hpp"
#include "steps/freeze.hpp"

namespace ms2m {
namespace {

constexpr Millis kAcknowledged{20};
/// Where nobody counts unacknowledged messages exactly.
constexpr Millis kUncounted{100};
constexpr std::chrono::seconds kThawing{20};
/// The management API's list of consumers is up to five seconds old.
constexpr std::chrono::seconds kNamed{7};
/// Before the valve opens by itself, so that the cause is told.
constexpr Millis kSooner{50};
/// By then a valve that gets anything has got the first.
constexpr std::chrono::seconds kFirst{1};

Announced freeze_of(const Plan& plan, const op::Frozen& source) {
  return {fmt::format("freeze container {} on {} while the valve of {} closes, when more than {} messages wait",
                      plan.container, plan.source_node, plan.queue, kStrictOrderReady),
          op::Thaw{source}};
}

/// A source at work that stands still. It runs again when this object is gone, whatever has happened; should that not
/// be told to the node, it does it by itself.
class Standing {
 public:
  Standing(const CloseValve& at, op::Frozen source, const FreezeBudget& budget)
      : at_(at), source_(std::move(source)), budget_(budget) {}
  Standing(const Standing&) = delete;
  Standing& operator=(const Standing&) = delete;
  ~Standing() {
    try {
      end();
    } catch (const std::exception& error) {
      warn(at_.observer,
           fmt::format("the source could not be told to go on ({}): its node lets it, at the limit", error.what()), "");
    } catch (...) {  // this process is at its end
    }
  }

  void begin(const StopToken& stop) {
    if (effect_ != 0) throw Error(ErrorKind::unavailable, "the connection to the broker was lost while it stood still");
    effect_ = journal_announced(at_.journal, Phase::checkpointing, freeze_of(at_.move.plan, source_));
    begun_ = Clock::now();
    until_ = begun_ + budget_.work;
    if (!at_.processes.freeze(source_.node, source_.container, {budget_.limit, AtEnd::thaw, budget_.linger},
                              stop.until(until_)))
      throw Error(ErrorKind::inconsistent,
                  fmt::format("no process of container {:.20} runs on node {}", source_.container, source_.node));
  }
  /// Error{unavailable}: perhaps it runs.
  void check() const {
    if (!at_.processes.holds(source_.node, source_.container))
      throw Error(ErrorKind::unavailable,
                  fmt::format("the session with node {} was lost while the source stood still", source_.node));
  }
  bool begun() const { return effect_ != 0; }
  TimePoint until() const { return until_; }  ///< what the valve does then, it does by itself
  TimePoint give_up() const { return until_ - kSooner; }

  /// Returns when `gone` says so, or its node is about to let it go on.
  void outlast(const std::function<bool(const StopToken&)>& gone) const {
    const StopToken limit = StopToken().until(begun_ + budget_.limit);
    while (limit.remaining(Millis{1}) > Millis{0}) try {
        if (gone(limit)) return;
        limit.sleep(kAcknowledged, "waiting for the end of the valve");
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::timeout) StopToken().sleep(kUncounted, "");
      }
  }
  /// It runs. Again: nothing.
  void end() {
    if (effect_ == 0 || std::exchange(ended_, true)) return;
    at_.processes.thaw(source_.node, source_.container, StopToken().within(kThawing));
    at_.frozen = Clock::now() - begun_;
    at_.journal.settled(effect_, true, "it runs again");
  }

 private:
  const CloseValve& at_;
  const op::Frozen source_;
  const FreezeBudget budget_;
  int effect_ = 0;
  bool ended_ = false;
  TimePoint begun_{}, until_{};
};

/// What it had sent before it stood still may be on its way to the broker: acknowledgements, each of which lets it have
/// another message. Then nothing is acknowledged any more.
void await_acknowledged(const CloseValve& at, const StopToken& stop) {
  const std::string doing = "waiting for what the source had acknowledged";
  const auto unacked = [&]() -> std::optional<std::uint64_t> {
    const auto totals = at.admin.totals(at.move.plan.queue, stop);
    return totals ? std::optional(totals->unacked) : std::nullopt;
  };
  const bool exact = at.move.facts.queue && at.move.facts.queue->type == "classic";
  if (!exact) return stop.sleep(kUncounted, doing);
  auto before = unacked();
  for (;;) {
    stop.sleep(kAcknowledged, doing);
    const auto now = unacked();
    if (!now) return stop.sleep(kUncounted, doing);
    if (std::exchange(before, now) == now) return;
  }
}

/// What is ready now; nullopt: nobody consumes it, so a quorum queue has no leader that could say.
std::optional<std::uint64_t> ready_in(const CloseValve& at, const StopToken& stop) {
  const QueueDepth depth = depth_of(at.broker, at.move.plan.queue, stop);
  return depth.consumers > 0 ? std::optional(depth.ready) : std::nullopt;
}

void take_backlog(const CloseValve& at, const Standing& source, const StopToken& stop) {
  const TimePoint begin = Clock::now();
  const auto check = [&] {
    source.check();
    check_valve(*at.valve);
    check_held(at.move, *at.valve);
  };
  const auto settle = [&] {
    try {
      at.valve->settle(stop);
    } catch (const Error&) {
      check();  // the cause
      throw;
    }
  };
  wait_until(
      [&] {
        check();
        const auto ready = ready_in(at, stop);
        if (ready > 0U && at.valve->held() == 0 && Clock::now() - begin > kFirst)
          throw Error(
              ErrorKind::failed,
              fmt::format("the broker gives the valve of {} nothing of what waits: the queue belongs to another "
                          "consumer, or to none",
                          at.move.plan.queue),
              "let the consumer subscribe to its control queue (ms2m-protocol(7))");
        if (ready != 0U) return false;
        settle();
        return ready_in(at, stop) == 0U;
      },
      "waiting for the backlog", stop);
  settle();  // what came before the last question is no flood of later
  check();
}

/// False: what it held may not be back yet.
bool give_back(std::unique_ptr<Valve>& valve) {
  try {
    if (valve) valve->open();
  } catch (const Error&) {  // its connection ends now
  }
  const bool returned = valve && valve->returned();
  valve.reset();
  return returned;
}

/// 0: there are none.
std::chrono::seconds shorter(std::chrono::seconds one, std::chrono::seconds other) {
  return one.count() == 0 || (other.count() > 0 && other < one) ? other : one;
}

Error too_slow(const FreezeBudget& budget, std::uint64_t taken, std::uint64_t ready) {
  return Error(ErrorKind::failed,
               fmt::format("{} of the {} messages that waited could be taken in the {:.1f} s for which the source may "
                           "stand still ({})",
                           taken, ready, Seconds(budget.work).count(), budget.bound),
               "run ms2m again when fewer wait, or raise --freeze-limit, its liveness probe's failureThreshold, or the "
               "heartbeats of its connection, whichever is the smallest");
}

}  // namespace

void check_held(const Move& move, const Valve& valve) {
  if (!quorum_bounds(move.facts) || valve.held() <= kQuorumHeld) return;
  throw Error(ErrorKind::failed,
              fmt::format("the valve of {} holds {} messages, and {}: the source would be served with what comes next",
                          move.plan.queue, valve.held(), quorum_words(move.facts)),
              kBelowQuorum);
}

std::vector<Announced> CloseValve::announce(const Move& move) {
  if (forecast_quiet(move.facts, move.request).way != QuietWay::frozen_valve) return {};
  return {freeze_of(move.plan, frozen_source(move.plan, ""))};
}

/// The list of consumers may still name one that has gone, or both. It may also have another connection by now than
/// when the facts were gathered.
std::optional<std::chrono::seconds> CloseValve::heartbeat_of_source(const StopToken& stop) const {
  const auto before = move.facts.heartbeat;
  if (!move.facts.admin_version) return before;
  try {
    for (const TimePoint end = Clock::now() + kNamed;;) {
      const auto facts = admin.queue(move.plan.queue, stop);
      if (facts && facts->consumers.size() == 1)
        if (const auto now = admin.heartbeat(facts->consumers.front().connection, stop))
          return before ? shorter(*before, *now) : now;
      if (!facts || Clock::now() >= end) return std::nullopt;
      stop.sleep(Millis{100}, "waiting for the management API to name the consumer of " + move.plan.queue);
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::forbidden && error.kind() != ErrorKind::unavailable) throw;
    return before;
  }
}

bool CloseValve::at_once(const StopToken& stop) const {
  ValveSpec spec{move.plan.queue, move.request.max_held};
  spec.max_held_bytes = move.request.max_held_bytes;
  // Several consumers have no order among them.
  const bool shared = move.facts.depth && move.facts.depth->consumers > 1;
  if (!shared) spec.ready_at_most = kStrictOrderReady;
  valve = broker.close_valve(spec, stop);
  return valve != nullptr;
}

void CloseValve::behind_frozen_source(const StopToken& stop) const {
  const auto heartbeat = heartbeat_of_source(stop);
  const auto possible = [&](std::uint64_t ready) {
    if (const auto trouble = against_frozen_valve(move.facts, move.request, heartbeat, ready))
      throw Error(ErrorKind::failed, trouble->text, trouble->cure);
  };
  const QueueDepth before = depth_of(broker, move.plan.queue, stop);
  possible(before.ready);
  const FreezeBudget budget = freeze_budget(move.facts, move.request, *heartbeat);
  Standing source(*this, frozen_source(move.plan, process.instance(stop)), budget);
  std::uint64_t waited = 0;
  bool consumes = false;  // the broker may have been asked to let the valve consume
  const auto freeze = [&](std::uint64_t ready, StopToken& limit) {
    possible(ready);
    waited = ready;
    source.begin(stop);
    limit = stop.until(source.until());
    await_acknowledged(*this, limit);
    source.check();
    limit.check("closing the valve");
    consumes = true;
    return true;
  };
  // What was lost may still be its consumer, and hold what the source may not be served past.
  const auto outlast = [&](bool registered) {
    warn(observer,
         fmt::format("the valve's end is not certain: the source stands still until {} has put back what it held, for "
                     "{:.1f} s at most",
                     move.plan.queue, Seconds(budget.limit).count()),
         "");
    source.outlast([&](const StopToken& limit) {
      return registered && before.consumers > 0 &&
             depth_of(broker, move.plan.queue, limit).consumers == before.consumers;
    });
  };
  ValveSpec spec{move.plan.queue, move.request.max_held, freeze, budget.heartbeat};
  spec.provisional = true;
  spec.max_held_bytes = move.request.max_held_bytes;
  try {
    valve = broker.close_valve(spec, stop);
    take_backlog(*this, source, stop.until(source.give_up()));
    if (!valve->keep()) {
      check_valve(*valve);
      throw Error(ErrorKind::unavailable, "the valve broke: its time was over");
    }
  } catch (const std::exception& failure) {
    // What it holds goes back before the source runs.
    const std::uint64_t taken = valve ? valve->held() : 0;
    const bool registered = valve != nullptr;
    const bool late = source.begun() && Clock::now() >= source.give_up();
    if (!give_back(valve) && consumes) outlast(registered);
    const auto* error = dynamic_cast<const Error*>(&failure);
    if (error != nullptr && error->kind() == ErrorKind::timeout && late) throw too_slow(budget, taken, waited);
    throw;
  }
  source.end();
  tell(observer, Phase::checkpointing,
       fmt::format("pod {} stood still for {:.0f} ms while {} messages were taken", move.plan.source_pod,
                   1000 * frozen.value_or(Seconds(0)).count(), valve->held()));
}

TimePoint CloseValve::now(const StopToken& stop) const {
  const TimePoint begin = Clock::now();
  if (at_once(stop)) return begin;
  behind_frozen_source(stop);
  return Clock::now();
}

}  // namespace ms2m
