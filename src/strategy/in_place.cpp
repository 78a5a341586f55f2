// Handoff of a StatefulSet's pod. A name can exist once, so there is no waiting pod: the pivot comes while the source,
// quiet, still exists; what follows (orphan, delete, restore, hand over, adopt) is in the journal before it and is
// carried out from there, by `ms2m resume` should this process die.
#include "strategy/strategy.hpp"
#include "strategy/wiring.hpp"

namespace ms2m {

Steps in_place_steps() {
  return {step::take_lease,     step::try_creation,    step::declare_queues,           step::arm_dead_man,
          step::quiesce_source, step::checkpoint,      step::transfer_while_orphaning, step::plan_follow_up,
          step::disarm,         step::swap_under_name, step::serve_under_name};
}

}  // namespace ms2m
