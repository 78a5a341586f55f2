// Handoff of a consumer that knows no control protocol (`--protocol none`). It cannot be sent to a hold queue, so the
// valve holds the messages back, and a restored copy of it goes straight to the primary queue. Two must never consume:
// the source is frozen and its connection closed before the copy can exist at all. The image gets the name that the
// waiting pod asks for only then, because a kubelet may look again without being kicked; the runtime handler is told
// only then that the data may be used.
//
// ms2m's death before the freeze opens the valve and the source goes on; in the freeze the node thaws it, which hears
// of that death, and at a limit in any case; after the kick the valve opens for the copy. Between the last two (tenths
// of a second), or when the restore fails with nobody there to see it, `ms2m resume` is needed.
#include "strategy/restoring.hpp"
#include "strategy/strategy.hpp"
#include "strategy/wiring.hpp"

namespace ms2m {
namespace {

/// A pod of a StatefulSet leaves the set before its copy can exist: whoever removes it would bring a cold one.
Step moved(const Procedure& procedure) {
  if (procedure.renamed_later())
    return procedure.by_handler() ? step::bring_data_while_orphaning : step::transfer_staged_while_orphaning;
  return procedure.by_handler() ? step::bring_data : step::transfer_staged;
}

}  // namespace

Steps valve_steps(const Procedure& procedure, const MigrationRequest& request) {
  const Restoring way = procedure.restoring;
  Steps steps{step::take_lease};
  append(steps, waiting_copy_made(procedure));
  steps.push_back(step::find_connection);
  append(steps, waiting_copy_awaited(way));
  if (request.prefer == Prefer::gap) append(steps, kick_works(way));
  append(steps, {step::drain_source, step::know_source, step::checkpoint_drained, moved(procedure), step::freeze_source,
                 step::start_copy, step::open_valve});
  return steps;
}

}  // namespace ms2m
