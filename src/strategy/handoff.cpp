// Nobody consumes the primary queue while the data moves; messages wait in it, in order.
#include "strategy/strategy.hpp"
#include "strategy/wiring.hpp"

namespace ms2m {

Steps handoff_steps(const MigrationRequest& request) {
  Steps steps{step::take_lease, step::create_target_pod, step::declare_queues, step::await_target_waiting};
  // Nobody works from here on until the restore: whatever can be waited for is waited for before. (To count on the time
  // that checkpoint and transfer take saves half a second of the whole, and made the gap 0.4 s longer.)
  if (request.prefer == Prefer::gap) steps.push_back(step::await_kick_works);
  for (const Step& each : {step::arm_dead_man, step::quiesce_source, step::checkpoint, step::transfer,
                           step::restore_on_hold, step::plan_retirement, step::pivot, step::await_target_serving})
    steps.push_back(each);
  return steps;
}

}  // namespace ms2m
