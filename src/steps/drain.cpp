// Without the control protocol: the valve holds the messages back until the source has acknowledged what it has.
#include <fmt/format.h>

#include "handover/waits.hpp"
#include "ms2m/error.hpp"
#include "steps/checkpoint.hpp"
#include "steps/guards.hpp"
#include "steps/movable.hpp"
#include "steps/steps.hpp"
#include "steps/undisturbed.hpp"
#include "steps/valve.hpp"

namespace ms2m {
namespace {

/// The list of consumers is up to five seconds old, so a source that has just connected is not in it yet.
void run_find_connection(Run& run, const StopToken& stop) {
  const StopToken limit = stop.within(std::chrono::seconds(15));
  for (;; limit.sleep(Millis{100}, "waiting for the management API to name the consumer of " + run.plan.queue)) {
    const auto facts = run.ports.admin.queue(run.plan.queue, limit);
    if (!facts || facts->consumers.size() != 1 || facts->consumers.front().connection.empty()) continue;
    const QueueConsumer& consumer = facts->consumers.front();
    refuse_unmovable(consumer, run.plan.queue);
    run.source_connection = consumer.connection;
    return;
  }
}

void run_drain(Run& run, const StopToken& stop) {
  run.set_lease_phase(Phase::checkpointing, stop);
  close_valve(run, stop);
  wait_until_only_the_valve_holds(run,
                                  stop.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.quiet)));
  run.quiet_at = Clock::now();
  if (run.valve->flooded() && !run.request.allow_reorder)
    throw Error(ErrorKind::failed,
                "more than 150 messages came within half a second: the valve cannot keep the order of so many",
                "run ms2m again when fewer arrive, or pass --allow-reorder");
  run.source_instance = instance_of(run, stop);
  run.tell(Phase::checkpointing,
           fmt::format("pod {} has acknowledged everything; {} messages held", run.plan.source_pod, run.valve->held()));
}

std::vector<Announced> announce_drain(const Move& move) {
  return {{fmt::format("close the valve of {}: hold its messages until {} has acknowledged the rest", move.plan.queue,
                       move.plan.source_pod)}};
}

void run_dump(Run& run, const StopToken& stop) {
  take_checkpoint(run, stop);
  check_undisturbed(run, stop);
  run.phase_note = "valve closed, kubelet checkpoint API";
}

}  // namespace

const Step step::find_connection{Phase::preparing, nothing, run_find_connection};
const Step step::drain_source{Phase::checkpointing, announce_drain, run_drain};
const Step step::checkpoint_drained{Phase::checkpointing, announce_checkpoint, run_dump};

}  // namespace ms2m
