// Nobody consumes the primary queue while the data moves; messages wait in it, in order.
#include "strategy/restoring.hpp"
#include "strategy/strategy.hpp"
#include "strategy/wiring.hpp"

namespace ms2m {

Steps handoff_steps(const Procedure& procedure, const MigrationRequest& request) {
  const Restoring way = procedure.restoring;
  Steps steps{step::take_lease};
  append(steps, waiting_copy_made(procedure));
  steps.push_back(step::declare_queues);
  append(steps, waiting_copy_awaited(way));
  // Nobody works from here on until the restore: whatever can be waited for is waited for before. (To count on the time
  // that checkpoint and transfer take saves half a second of the whole, and made the gap 0.4 s longer.)
  if (request.prefer == Prefer::gap) append(steps, kick_works(way));
  append(steps, {step::arm_dead_man, step::quiesce_source, step::know_source, step::checkpoint, data_moved(way),
                 step::restore_on_hold, step::plan_retirement, step::pivot});
  if (procedure.pages == Pages::lazy) {  // a copy without all of its memory is none that may end and be started anew
    append(steps, {step::await_target_serving, step::await_memory});
    return steps;
  }
  append(steps, copy_completed(way));
  steps.push_back(step::await_target_serving);
  return steps;
}

}  // namespace ms2m
