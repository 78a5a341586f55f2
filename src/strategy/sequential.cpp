// The published baseline: checkpoint, transfer, scale the StatefulSet down (or delete a bare pod) and wait for the
// source's own termination, restore under the same name, scale up again. Exact all the same: the pivot comes while the
// source, quiet, still exists; what follows is in the journal.
#include "strategy/strategy.hpp"
#include "strategy/wiring.hpp"

namespace ms2m {

Steps sequential_steps() {
  return {step::take_lease,     step::try_creation, step::declare_queues,  step::arm_dead_man,
          step::quiesce_source, step::know_source,  step::checkpoint,      step::transfer,
          step::plan_follow_up, step::disarm,       step::swap_under_name, step::serve_under_name};
}

}  // namespace ms2m
