// Strategy shadow: the source serves on while the copy catches up through the tee.
//
// What crosses the pivot is the same as in the handoff: both copies have worked off everything that was relayed, both
// listen to the hold queue, nothing is unacknowledged anywhere. So ms2m may die at any instant before it, and the dead
// man's switch sends the source back to the primary queue, from which nothing is missing but what it has processed.
#include <fmt/format.h>

#include <algorithm>

#include "handover/catch_up.hpp"
#include "handover/queue_names.hpp"
#include "handover/relay_exit.hpp"
#include "handover/waits.hpp"
#include "ms2m/error.hpp"
#include "strategy/strategies.hpp"
#include "undo/operations.hpp"

namespace ms2m {
namespace {

/// Share of its capacity that the source is left with while a copy that cannot catch up otherwise does so.
constexpr double kThrottledShare = 0.25;
/// The relay is paced so from its beginning: a move takes about a second and a half, and what the source does not run
/// ahead in that time the copy need not catch up with. A move that takes longer is not helped by it: then the source
/// gets all its time.
constexpr Millis kShortMove{3000};
constexpr Seconds kShortestStandstill{0.5};
/// kStandstill, or three of the times that one message takes, when that is known.
Seconds standstill(double rate) { return rate > 0 ? std::max(kShortestStandstill, Seconds(3 / rate)) : kStandstill; }
/// A copy that needs longer than this to catch up at the present rates is helped by throttling the relay.
constexpr Seconds kPatience{1};
/// Throttled, it gains three quarters of the time, so within this it has come nearer, or never will.
constexpr Seconds kNoNearer{10};

std::optional<std::uint64_t> outstanding(Run& run, const std::string& queue, const StopToken& stop) {
  if (!run.facts.admin_version) return std::nullopt;
  const auto totals = run.ports.admin.totals(queue, stop);
  if (!totals) return std::nullopt;
  return totals->ready + totals->unacked;
}

std::uint64_t backlog(Run& run, const std::string& queue, const StopToken& stop) {
  if (const auto exact = outstanding(run, queue, stop)) return *exact;
  return depth_of(run.ports.broker, queue, stop).ready;
}

void send(Run& run, const std::string& control, const std::string& message, const StopToken& stop) {
  run.ports.broker.publish({"", control, message, "application/json", ""}, stop);
}

/// From here the source works on its own queue, fed by the pump, and everything it gets goes to the target's queue too.
void serve_on(Run& run, const StopToken& stop) {
  const Plan& plan = run.plan;
  send(run, plan.target_control_queue, start_replay(run.names.target, "target", plan.id), stop);
  send(run, plan.source_control_queue, start_replay(run.names.source, "source", plan.id), stop);
  wait_for_depth(
      run.ports.broker, run.names.source, [](const QueueDepth& d) { return d.consumers > 0; },
      "waiting for the source to serve on",
      stop.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.quiet * 4)));
  PumpSpec spec;
  spec.from = plan.queue;
  spec.exchange = run.names.tee;
  spec.follow = run.names.source;
  spec.way_back = way_back_of(run.names.tee);
  spec.horizon = run.request.dead_man / 2;
  if (run.request.relay_window > 0) spec.max_window = run.request.relay_window;
  if (run.facts.admin_version)
    spec.outstanding = [&admin = run.ports.admin, queue = run.names.source]() -> std::optional<std::uint64_t> {
      const auto totals = admin.totals(queue, StopToken().within(std::chrono::seconds(2)));
      if (!totals) return std::nullopt;
      return totals->ready + totals->unacked;
    };
  spec.may_go_on = [dead_man = run.dead_man.get()] { return !dead_man->fired(); };
  spec.pace = {kThrottledShare, run.request.downtime_limit / 2, kShortMove};
  check_guards(run);
  run.pump = run.ports.broker.start_pump(spec, stop);
  run.serving_again_at = Clock::now();
  run.step(Phase::checkpointing, fmt::format("pod {} serves on, {} relays", plan.source_pod, run.names.tee));
}

/// Measures how fast the copy works its backlog off, and decides when to cut over.
class CatchUp {
 public:
  explicit CatchUp(Run& run) : run_(run) {}

  bool near_enough(const StopToken& stop) {
    const std::uint64_t relayed = run_.pump->stats().relayed;
    const std::uint64_t behind = backlog(run_, run_.names.target, stop);
    const TimePoint now = Clock::now();
    const auto processed = static_cast<double>(relayed) - static_cast<double>(behind);
    // From the first message that it is seen to have done: what it needed to begin says nothing of its rate, and
    // acknowledgements may come in batches.
    if (!begin_ || !begun_) {
      begun_ = begin_ && processed > processed_at_begin_;
      begin_ = now;
      processed_at_begin_ = processed;
      relayed_at_begin_ = relayed;
    }
    const double elapsed = seconds_between(*begin_, now);
    if (elapsed > 0.15) rate_ = (processed - processed_at_begin_) / elapsed;
    if (behind == 0) return true;
    if (unchanged_.look(behind) > standstill(rate_) && depth_of(run_.ports.broker, run_.names.target, stop).ready == 0)
      return true;
    if (rate_ <= 0) return false;
    const double drain = static_cast<double>(behind) / rate_;
    if (drain <= Seconds(run_.request.downtime_limit).count() / 2) return true;
    if (no_nearer(behind)) return true;
    help(catch_up_time(behind, processed - processed_at_begin_, static_cast<double>(relayed - relayed_at_begin_),
                       Seconds(elapsed)));
    return false;
  }

  double rate() const { return rate_; }

 private:
  /// Throttling helps only where a message is done so fast that the relay can be timed between two. Where it does not,
  /// nothing is gained by waiting: what is left is bounded, because the relay is never more than a window ahead of the
  /// source.
  bool no_nearer(std::uint64_t behind) {
    const TimePoint now = Clock::now();
    if (behind < nearest_ || !throttled_) {
      nearest_ = behind;
      nearest_at_ = now;
    }
    if (now - nearest_at_ <= std::max(kNoNearer, standstill(rate_))) return false;
    run_.step(Phase::replaying, fmt::format("the copy comes no nearer: {} messages are left to it", behind));
    return true;
  }

  /// Not as long as it may well be quick by itself.
  void help(const CatchUpTime& natural) {
    if (throttled_ || (natural.least && *natural.least <= kPatience)) return;
    if (run_.facts.admin_version)
      run_.pump->pace({kThrottledShare, run_.request.downtime_limit / 2, Millis{0}});
    else
      run_.pump->limit(std::max(1.0, rate_ * kThrottledShare));
    throttled_ = true;
    run_.step(Phase::replaying, fmt::format("the copy {}: the relay is throttled meanwhile", describe(natural)));
  }

  Run& run_;
  std::optional<TimePoint> begin_;
  bool begun_ = false;  // it was seen to process
  std::uint64_t relayed_at_begin_ = 0;
  std::uint64_t nearest_ = 0;  // the least that it was behind since the relay is throttled
  TimePoint nearest_at_;
  Unchanged unchanged_;
  double processed_at_begin_ = 0;
  double rate_ = 0;
  bool throttled_ = false;
};

void catch_up(Run& run, const StopToken& stop) {
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.replay));
  CatchUp progress(run);
  while (!progress.near_enough(limit)) {
    check_guards(run);
    check_nobody_came(run, 1, limit);
    limit.sleep(Millis{10}, "waiting for the copy to catch up");
  }
  if (progress.rate() > 0) run.measures.service_rate = progress.rate();
}

/// Both copies end on the hold queue, so nobody's arrival is certain before there are two.
RelayExit exit_of(Run& run, const std::string& queue, const std::string& control, const char* role) {
  RelayExitSpec spec{
      queue, control, run.names.hold, role, run.plan.id, standstill(run.measures.service_rate.value_or(0)), true};
  spec.outstanding = [&run, queue](const StopToken& stop) { return outstanding(run, queue, stop); };
  spec.arrived = [&run](const StopToken& stop) {
    return run.ports.broker.depth(run.names.hold, stop).value_or(QueueDepth{}).consumers >= 2;
  };
  return RelayExit(run.ports.broker, std::move(spec));
}

/// The pump's consumer is gone a moment after it was stopped; whoever is there then came by himself.
void wait_pump_gone(const Run& run, const StopToken& stop) {
  if (!run.source_addresses.empty()) return check_nobody_came(run, 0, stop);
  const StopToken patience = stop.within(std::chrono::seconds(2));
  try {
    wait_for_depth(
        run.ports.broker, run.plan.queue, [&](const QueueDepth& d) { return d.consumers <= run.other_consumers; },
        "waiting for the relay to leave " + run.plan.queue, patience);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout) throw;
    check_nobody_came(run, 0, stop);
  }
}

void cut_over(Run& run, const StopToken& stop) {
  const PumpStats stats = run.pump->stop(stop.within(std::chrono::seconds(15)));
  run.fenced_at = Clock::now();
  run.measures.relayed = stats.relayed;
  run.measures.returned = stats.returned;
  if (stats.user_ids_dropped > 0)
    run.warn(
        fmt::format("{} messages were relayed without their user_id, which is not ms2m's own", stats.user_ids_dropped),
        "if the application reads it: give ms2m the publishers' user, or use --strategy handoff");
  if (stats.expirations_dropped > 0)
    run.warn(fmt::format("{} messages were relayed without their short expiration, lest one expire for one copy only",
                         stats.expirations_dropped),
             "use --strategy handoff if the application reads it");
  RelayExit source = exit_of(run, run.names.source, run.plan.source_control_queue, "source");
  RelayExit target = exit_of(run, run.names.target, run.plan.target_control_queue, "target");
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.replay));
  // Nobody is sent anywhere before the primary was seen without a consumer: what went back to it would not be seen
  // there any more.
  wait_pump_gone(run, limit);
  const auto finished = [&] {
    check_nobody_came(run, 0, limit);
    const bool first = source.finished(limit), second = target.finished(limit);
    return first && second;
  };
  while (!finished()) {
    check_guards(run);
    limit.sleep(Millis{2}, "waiting for both copies to finish what was relayed");
  }
  // Until then the source has worked on what was relayed to it before.
  if (source.worked_at()) run.fenced_at = std::max(*run.fenced_at, *source.worked_at());
}

}  // namespace

void run_shadow(Run& run, std::vector<PhaseTiming>& timings, const StopToken& stop) {
  prepare(run, timings, stop);
  {
    PhaseScope scope(run, Phase::checkpointing, timings, stop);
    run.set_lease_phase(Phase::checkpointing, stop);
    make_source_quiet(run, stop);
    checkpoint(run, stop);
    // What the valve held must be in its place before the relay takes it up, in order.
    if (run.valve) run.valve->open();
    run.valve.reset();
    serve_on(run, stop);
    scope.note("source made quiet, kubelet checkpoint API, relay started");
  }
  {
    PhaseScope scope(run, Phase::transferring, timings, stop);
    transfer(run, stop);
    check_guards(run);
    scope.note(transfer_note(run));
  }
  {
    PhaseScope scope(run, Phase::restoring, timings, stop);
    // The source serves meanwhile.
    if (run.request.prefer == Prefer::gap) wait_kick_works(run, stop);
    restore(run, run.names.target, 1, stop);
    check_guards(run);
    scope.note("CRIU restore in the waiting pod, reconnected to the broker");
  }
  PhaseScope scope(run, Phase::replaying, timings, stop);
  if (run.plan.procedure.workload == Workload::stateful_set)
    Operations(run.ports).run(plan_orphaning(run, stop), stop.within(std::chrono::seconds(60)));
  catch_up(run, stop);
  cut_over(run, stop);
  plan_retirement(run);
  pivot(run, stop);
  wait_target_serving(run);
  scope.note(fmt::format("{} messages relayed, {} had waited at the pivot", *run.measures.relayed, *run.measures.held));
}

}  // namespace ms2m
