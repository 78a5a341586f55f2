// Shadow: the relay ends, and both copies finish what they have of it.
#include <fmt/format.h>

#include <algorithm>

#include "handover/relay_drain.hpp"
#include "handover/waits.hpp"
#include "ms2m/error.hpp"
#include "steps/guards.hpp"
#include "steps/relay.hpp"
#include "steps/standstill.hpp"
#include "steps/steps.hpp"

namespace ms2m {
namespace {

/// Both copies end on the hold queue, so nobody's arrival is certain before there are two.
RelayDrain exit_of(Run& run, const std::string& queue, const std::string& control, const char* role) {
  RelayDrainSpec spec{
      queue, control, run.names.hold, role, run.plan.id, standstill(run.measures.service_rate.value_or(0)), true};
  spec.outstanding = [&run, queue](const StopToken& stop) { return outstanding(run, queue, stop); };
  spec.arrived = [&run](const StopToken& stop) {
    return run.ports.broker.depth(run.names.hold, stop).value_or(QueueDepth{}).consumers >= 2;
  };
  return RelayDrain(run.ports.broker, std::move(spec));
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

void run_cut_over(Run& run, const StopToken& stop) {
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
  RelayDrain source = exit_of(run, run.names.source, run.plan.source_control_queue, "source");
  RelayDrain target = exit_of(run, run.names.target, run.plan.target_control_queue, "target");
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

std::vector<Announced> announce_cut_over(const Move& move) {
  return {{fmt::format("stop the relay; {} and {} finish what it has brought", move.plan.source_pod,
                       move.plan.target_pod)}};
}

}  // namespace

const Step step::cut_over{Phase::replaying, announce_cut_over, run_cut_over};

}  // namespace ms2m
