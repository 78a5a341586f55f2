// Handoff of a StatefulSet's pod. A name can exist once, so there is no waiting pod: the pivot comes while the source,
// quiet, still exists; what follows (orphan, delete, restore, hand over, adopt) is in the journal before it and is
// carried out from there, by `ms2m resume` should this process die.
#include "strategy/restoring.hpp"
#include "strategy/strategy.hpp"
#include "strategy/wiring.hpp"

namespace ms2m {

Steps in_place_steps(const Procedure& procedure) {
  Steps steps{step::take_lease, step::try_creation};
  if (procedure.by_handler()) append(steps, restore_prepared(procedure));
  append(steps, {step::declare_queues, step::arm_dead_man, step::quiesce_source, step::know_source, step::checkpoint});
  steps.push_back(procedure.by_handler() ? step::bring_data_while_orphaning : step::transfer_while_orphaning);
  append(steps, {step::plan_follow_up, step::disarm, step::swap_under_name, step::serve_under_name});
  return steps;
}

}  // namespace ms2m
