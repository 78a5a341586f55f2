#include "steps/drain.hpp"

#include <fmt/format.h>

#include "handover/waits.hpp"
#include "ms2m/error.hpp"
#include "steps/lease.hpp"
#include "steps/movable.hpp"

namespace ms2m {

/// The list of consumers is up to five seconds old, so a source that has just connected is not in it yet.
Ran FindConnection::run(const StopToken& stop) const {
  const StopToken limit = stop.within(std::chrono::seconds(15));
  const StopToken patience = stop.within(kNamedWithin);
  const std::string& queue = move.plan.queue;
  for (;; limit.sleep(Millis{100}, "waiting for the management API to name the consumer of " + queue)) {
    const auto facts = admin.queue(queue, limit);
    if (!facts || facts->consumers.size() != 1 || facts->consumers.front().connection.empty()) continue;
    const QueueConsumer& consumer = facts->consumers.front();
    refuse_unmovable(consumer, queue);
    if (has_unnamed(*facts) && patience.remaining(kNamedWithin) > Millis{0}) continue;
    if (has_unnamed(*facts)) warn_of_unnamed(queue, observer);
    look_at_other_queues(move, *facts, observer);
    connection.name = consumer.connection;
    return {};
  }
}

std::vector<Announced> DrainSource::announce(const Move& move) {
  std::vector<Announced> all{{fmt::format("close the valve of {}: hold its messages until {} has acknowledged the rest",
                                          move.plan.queue, move.plan.source_pod)}};
  for (const Announced& each : CloseValve::announce(move)) all.push_back(each);
  return all;
}

Ran DrainSource::run(const StopToken& stop) const {
  set_lease_phase(cluster, move.plan, Phase::checkpointing, stop);
  const TimePoint closed = close_valve.now(stop);
  undisturbed.wait_until_only_the_valve_holds(
      stop.within(std::chrono::duration_cast<Clock::duration>(move.request.timeouts.quiet)));
  source.since = Clock::now();
  Valve& valve = *close_valve.valve;
  valve.settle(stop.within(std::chrono::seconds(5)));
  if (const auto flooded = valve.flooded(); flooded && *flooded >= closed)
    throw Error(ErrorKind::failed,
                "more than 150 messages came at once: whether the broker served the source with one of them cannot be "
                "told",
                "run ms2m again when fewer arrive, or where it has more of a processor to itself");
  tell(observer, Phase::checkpointing,
       fmt::format("pod {} has acknowledged everything; {} messages held", move.plan.source_pod, valve.held()));
  return {};
}

Ran CheckpointDrained::run(const StopToken& stop) const {
  take.now(stop);
  undisturbed.check(stop);
  return {fmt::format("valve closed, {}", maker_of_checkpoint(take.move.plan))};
}

}  // namespace ms2m
