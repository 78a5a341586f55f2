// One function per strategy: the order of the steps up to and with the pivot. What follows (finish) and what happens on
// a failure (undo) is the coordinator's, from the journal.
#pragma once
#include "steps/steps.hpp"
#include "undo/operations.hpp"

namespace ms2m {

/// Emits phase_started / phase_finished around its scope and records the time in `timings`.
class PhaseScope {
 public:
  PhaseScope(Run& run, Phase phase, std::vector<PhaseTiming>& timings, const StopToken& stop);
  ~PhaseScope();
  PhaseScope(const PhaseScope&) = delete;
  PhaseScope& operator=(const PhaseScope&) = delete;
  void note(std::string text) { note_ = std::move(text); }

 private:
  Run& run_;
  Phase phase_;
  std::vector<PhaseTiming>& timings_;
  TimePoint begin_ = Clock::now();
  std::string note_;
};

/// Journals what is to be done once the target owns the queue: retire the source, its control queue and its image's
/// name.
void plan_retirement(Run& run);
/// The part of it for a source that an earlier migration has moved: such a pod leaves the name of its image behind on
/// its node.
void plan_image_name_removal(Run& run);
/// How its ReplicaSet is to swap source and target.
op::Adoption adoption_of(const Run& run);

/// Phase Preparing, the same for every strategy with a waiting target pod.
void prepare(Run& run, std::vector<PhaseTiming>& timings, const StopToken& stop);
std::string transfer_note(const Run& run);

void run_handoff(Run& run, std::vector<PhaseTiming>& timings, const StopToken& stop);
void run_shadow(Run& run, std::vector<PhaseTiming>& timings, const StopToken& stop);
/// The published procedure, for comparison; not exact.
void run_fanout(Run& run, std::vector<PhaseTiming>& timings, const StopToken& stop);
/// Handoff of a consumer that knows no control protocol: behind the valve.
void run_uncontrolled(Run& run, std::vector<PhaseTiming>& timings, const StopToken& stop);
/// The StatefulSet as it is now. Error{conflict} when it was changed since it was looked at.
Json unchanged_set(const Run& run, const StopToken& stop);
/// Journals that the StatefulSet is deleted and its pods left (undo and finish: create it again); returns the operation
/// that does it. Error{conflict} as unchanged_set().
Operation plan_orphaning(Run& run, const StopToken& stop);

// Where the copy takes the source's name, so that the source goes first (set_handoff.cpp):
/// Phases Preparing and Checkpointing without a waiting target pod.
void prepare_in_place(Run& run, std::vector<PhaseTiming>& timings, const StopToken& stop);
/// Journals what follows the pivot: end the source (`end_source`), restore `copy` under its name, hand the queue over.
void plan_identity(Run& run, const Operation& end_source, const Json& copy);

/// These two: up to the point of no return; the rest is in the journal.
void run_set_handoff(Run& run, std::vector<PhaseTiming>& timings, const StopToken& stop);
void run_sequential(Run& run, std::vector<PhaseTiming>& timings, const StopToken& stop);

}  // namespace ms2m
