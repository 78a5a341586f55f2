// The source serves on while the copy catches up through the tee.
//
// What crosses the pivot is the same as in the handoff: both copies have worked off everything that was relayed, both
// listen to the hold queue, nothing is unacknowledged anywhere. So ms2m may die at any instant before it, and the dead
// man's switch sends the source back to the primary queue, from which nothing is missing but what it has processed.
#include "strategy/restoring.hpp"
#include "strategy/strategy.hpp"
#include "strategy/wiring.hpp"

namespace ms2m {

Steps shadow_steps(const Procedure& procedure, const MigrationRequest& request) {
  const Restoring way = procedure.restoring;
  Steps steps{step::take_lease};
  append(steps, waiting_copy_made(procedure));
  steps.push_back(step::declare_queues);
  append(steps, waiting_copy_awaited(way));
  append(steps, {step::arm_dead_man, step::quiesce_source, step::know_source, step::checkpoint, step::start_relay,
                 data_moved(way)});
  // The source serves meanwhile.
  if (request.prefer == Prefer::gap)
    for (Step each : kick_works(way)) {
      each.phase = Phase::restoring;
      steps.push_back(each);
    }
  steps.push_back(step::restore_on_relay);
  if (procedure.renamed_later()) steps.push_back(step::orphan_set);
  append(steps, {step::catch_up, step::cut_over, step::plan_retirement, step::pivot});
  append(steps, copy_completed(way));
  steps.push_back(step::await_target_serving);
  return steps;
}

}  // namespace ms2m
