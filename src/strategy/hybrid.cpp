// The queue is a stream, and its log may be too long to read once more: the copy is restored from a checkpoint and
// reads it on from there. The source leaves the stream for as long as the checkpoint takes, so that no message is under
// way in what is restored, and serves on while the data moves; nothing is relayed, for both read the log. From then on
// as in the replay by a fresh pod.
//
// ms2m's death before the pivot: the dead man's switch sends the source on from where it is, also in the middle of the
// checkpoint; the copy stands on the hold queue, or where it may read to.
#include "strategy/restoring.hpp"
#include "strategy/strategy.hpp"
#include "strategy/wiring.hpp"

namespace ms2m {

Steps hybrid_steps(const Procedure& procedure, const MigrationRequest& request) {
  const Restoring way = procedure.restoring;
  Steps steps{step::take_lease};
  append(steps, waiting_copy_made(procedure));
  steps.push_back(step::declare_queues);
  append(steps, waiting_copy_awaited(way));
  append(steps,
         {step::arm_dead_man, step::rest_source, step::checkpoint_resting, step::source_goes_on, data_moved(way)});
  if (request.prefer == Prefer::gap)
    for (Step each : kick_works(way)) {
      each.phase = Phase::restoring;
      steps.push_back(each);
    }
  append(steps, {step::restore_resting, step::follow_stream, step::stop_source, step::reach_source,
                 step::plan_retirement, step::pivot_stream});
  append(steps, copy_completed(way));
  steps.push_back(step::await_stream_served);
  return steps;
}

}  // namespace ms2m
