// Handoff of a consumer that knows no control protocol (`--protocol none`). It cannot be sent to a hold queue, so the
// valve holds the messages back, and a restored copy of it goes straight to the primary queue. Two must never consume:
// the source is frozen and its connection closed before the copy can exist at all. The image gets the name that the
// waiting pod asks for only then, because a kubelet may look again without being kicked.
//
// ms2m's death before the freeze opens the valve and the source goes on; in the freeze the node thaws it, which hears
// of that death, and at a limit in any case; after the kick the valve opens for the copy. Between the last two (tenths
// of a second), or when the restore fails with nobody there to see it, `ms2m resume` is needed.
#include "strategy/strategy.hpp"
#include "strategy/wiring.hpp"

namespace ms2m {

Steps valve_steps(const MigrationRequest& request) {
  Steps steps{step::take_lease, step::create_target_pod, step::find_connection, step::await_target_waiting};
  if (request.prefer == Prefer::gap) steps.push_back(step::await_kick_works);
  for (const Step& each : {step::drain_source, step::checkpoint_drained, step::transfer_staged, step::freeze_source,
                           step::start_copy, step::open_valve})
    steps.push_back(each);
  return steps;
}

}  // namespace ms2m
