// The source serves on while the copy catches up through the tee.
//
// What crosses the pivot is the same as in the handoff: both copies have worked off everything that was relayed, both
// listen to the hold queue, nothing is unacknowledged anywhere. So ms2m may die at any instant before it, and the dead
// man's switch sends the source back to the primary queue, from which nothing is missing but what it has processed.
#include "strategy/strategy.hpp"
#include "strategy/wiring.hpp"

namespace ms2m {

Steps shadow_steps(const Procedure& procedure, const MigrationRequest& request) {
  Steps steps{step::take_lease,           step::create_target_pod, step::declare_queues,
              step::await_target_waiting, step::arm_dead_man,      step::quiesce_source,
              step::checkpoint,           step::start_relay,       step::transfer};
  // The source serves meanwhile.
  if (request.prefer == Prefer::gap) {
    steps.push_back(step::await_kick_works);
    steps.back().phase = Phase::restoring;
  }
  steps.push_back(step::restore_on_relay);
  if (procedure.renamed_later()) steps.push_back(step::orphan_set);
  for (const Step& each :
       {step::catch_up, step::cut_over, step::plan_retirement, step::pivot, step::await_target_serving})
    steps.push_back(each);
  return steps;
}

}  // namespace ms2m
