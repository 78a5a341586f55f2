// The strategies: which steps, in which order. What follows the last of them (finish) and what happens on a failure
// (undo) is the engine's, from the journal.
#pragma once
#include <vector>

#include "ms2m/plan.hpp"
#include "strategy/migration.hpp"

namespace ms2m {

Steps handoff_steps(const Procedure& procedure, const MigrationRequest& request);
Steps shadow_steps(const Procedure& procedure, const MigrationRequest& request);
/// The published procedure, for comparison; not exact.
Steps fanout_steps();
/// Handoff of a consumer that knows no control protocol: behind the valve.
Steps valve_steps(const Procedure& procedure, const MigrationRequest& request);
/// Handoff of a StatefulSet's pod, under its own name.
Steps in_place_steps(const Procedure& procedure);
/// The published baseline, made exact.
Steps sequential_steps();

/// Of a stream: a fresh pod makes the state anew from it.
Steps replay_steps(const MigrationRequest& request);
/// Of a stream: a restored copy reads it on.
Steps hybrid_steps(const Procedure& procedure, const MigrationRequest& request);

Steps steps_of(const Procedure& procedure, const MigrationRequest& request);

/// What `ms2m plan` prints: what every step says, then how the journal is finished, in the order of the stages.
std::vector<PlannedStep> planned_steps(const Move& move);

}  // namespace ms2m
