#include "steps/cut_over.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "handover/relay_drain.hpp"
#include "handover/waits.hpp"
#include "ms2m/error.hpp"
#include "steps/both_live.hpp"
#include "steps/relay.hpp"
#include "steps/standstill.hpp"

namespace ms2m {
namespace {

/// Both copies end on the hold queue, so nobody's arrival is certain before there are two.
RelayDrain exit_of(const CutOver& at, const std::string& queue, const std::string& control, const char* role) {
  RelayDrainSpec spec{queue, control,         at.move.names().hold,
                      role,  at.move.plan.id, standstill(at.measures.service_rate.value_or(0)),
                      true};
  spec.outstanding = [&at, queue](const StopToken& stop) { return outstanding(at.move.facts, at.admin, queue, stop); };
  spec.arrived = [&at, hold = spec.hold](const StopToken& stop) {
    return at.broker.depth(hold, stop).value_or(QueueDepth{}).consumers >= 2;
  };
  return RelayDrain(at.broker, std::move(spec));
}

/// The pump's consumer is gone a moment after it was stopped; whoever is there then came by himself.
void wait_pump_gone(const CutOver& at, const StopToken& stop) {
  if (!at.primary.source.addresses.empty()) return at.primary.check(0, stop);
  const StopToken patience = stop.within(std::chrono::seconds(2));
  try {
    wait_for_depth(
        at.broker, at.move.plan.queue, [&](const QueueDepth& d) { return d.consumers <= at.primary.source.others; },
        "waiting for the relay to leave " + at.move.plan.queue, patience);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout) throw;
    at.primary.check(0, stop);
  }
}

}  // namespace

Ran CutOver::run(const StopToken& stop) const {
  const QueueNames names = move.names();
  const PumpStats stats = guards.own.pump->stop(stop.within(std::chrono::seconds(15)));
  times.fenced = Clock::now();
  measures.relayed = stats.relayed;
  measures.returned = stats.returned;
  if (stats.user_ids_dropped > 0)
    warn(observer,
         fmt::format("{} messages were relayed without their user_id, which is not ms2m's own", stats.user_ids_dropped),
         "if the application reads it: give ms2m the publishers' user, or use --strategy handoff");
  if (stats.expirations_dropped > 0)
    warn(observer,
         fmt::format("{} messages were relayed without their short expiration, lest one expire for one copy only",
                     stats.expirations_dropped),
         "use --strategy handoff if the application reads it");
  RelayDrain source = exit_of(*this, names.source, move.plan.source_control_queue, "source");
  RelayDrain target = exit_of(*this, names.target, move.plan.target_control_queue, "target");
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(move.request.timeouts.replay));
  // Nobody is sent anywhere before the primary was seen without a consumer: what went back to it would not be seen
  // there any more.
  wait_pump_gone(*this, limit);
  const auto finished = [&] {
    primary.check(0, limit);
    const bool first = source.finished(limit), second = target.finished(limit);
    return first && second;
  };
  BothLive both(move.plan, primary.cluster);
  while (!finished()) {
    guards.check();
    both.check(limit);
    limit.sleep(Millis{2}, "waiting for both copies to finish what was relayed");
  }
  // Until then the source has worked on what was relayed to it before.
  if (source.worked_at()) times.fenced = std::max(*times.fenced, *source.worked_at());
  return {};
}

std::vector<Announced> CutOver::announce(const Move& move) {
  return {{fmt::format("stop the relay; {} and {} finish what it has brought", move.plan.source_pod,
                       move.plan.target_pod)}};
}

}  // namespace ms2m
