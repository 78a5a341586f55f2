// Strategy handoff for a pod of a StatefulSet. A name can exist once, so there is no waiting pod: the pivot comes while
// the source, quiet, still exists; what follows (orphan, delete, restore, hand over, adopt) is in the journal before it
// and is carried out by the coordinator's finish, or by `ms2m resume` should this process die.
#include <fmt/format.h>

#include <future>

#include "handover/queue_names.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "strategy/strategies.hpp"
#include "undo/operations.hpp"

namespace ms2m {

void plan_identity(Run& run, const Operation& end_source, const Json& copy) {
  const Plan& plan = run.plan;
  const auto effect = [&](Phase phase, const char* text, const Operation& finish) {
    run.journal.effect(phase, text, {}, finish);
  };
  const std::string architecture = architecture_of(run.facts.source);
  const std::string directory = std::string(kLayoutRoot) + "/" + plan.id;
  const std::string& original = run.facts.source.image->id;
  effect(Phase::restoring, "delete the quiet source", end_source);
  effect(Phase::restoring, "create the restored pod",
         op::restore_pod(copy, run.names.hold,
                         {plan.source_node, run.archive, directory, plan.stored_image, plan.container, architecture,
                          run.facts.source.image->user, plan.target_control_queue}));
  effect(Phase::restoring, "layout on the source, if it had to go back",
         op::remove_layout(plan.source_node, directory));
  effect(Phase::restoring, "image name on the source, if it had to go back",
         op::settle_image(plan.source_node, plan.stored_image, original, plan.ns, plan.target_pod));
  effect(Phase::restoring, "checkpoint image on the source, if it had to go back",
         op::remove_image(plan.source_node, run.checkpoint_image));
  effect(Phase::replaying, "hand the queue over",
         op::resume_target({plan.ns, plan.target_pod, plan.target_control_queue, plan.queue, run.other_consumers},
                           end_replay("target", plan.id)));
  effect(Phase::finalizing, "remove ms2m's marks", op::strip_marks(plan.ns, plan.target_pod));
  plan_image_name_removal(run);
}

namespace {

/// Whatever admission has against the copy must come out before the source is touched.
void try_creation(Run& run, const StopToken& stop) {
  Json trial = run.plan.target_spec;
  trial["metadata"]["name"] = "ms2m-trial-" + run.plan.id;
  check_admitted(run,
                 run.ports.cluster.create({Kind::pod, run.plan.ns, "ms2m-trial-" + run.plan.id}, trial, {true}, stop));
}

}  // namespace

Json unchanged_set(const Run& run, const StopToken& stop) {
  const auto set = run.ports.cluster.get({Kind::stateful_set, run.plan.ns, run.plan.owner}, stop);
  const Json& before = *run.facts.owner;
  const auto generation = [](const Json& object) { return object.at("metadata").value("generation", 0); };
  if (!set || is_terminating(*set) || pod_uid(*set) != pod_uid(before) || generation(*set) != generation(before))
    throw Error(ErrorKind::conflict, "statefulset " + run.plan.owner + " was changed during the migration",
                "run ms2m again");
  return *set;
}

/// The set goes first, its pods stay: with it, deleting the source would bring a cold one. Undo and finish are the
/// same.
Operation plan_orphaning(Run& run, const StopToken& stop) {
  const Plan& plan = run.plan;
  const Json set = unchanged_set(run, stop);
  const auto again = op::recreate_set(set, plan.source_pod);
  run.journal.effect(Phase::transferring, "delete the set, leave its pods", again, again);
  return op::orphan_set(plan.ns, plan.owner, pod_uid(set));
}

namespace {

/// While the archive is on its way, the garbage collector lets go of the pods: both are waited for by nobody else.
void transfer_and_orphan(Run& run, const StopToken& stop) {
  const Operation orphan = plan_orphaning(run, stop);
  const StopToken limit = stop.within(std::chrono::seconds(60));
  auto orphaning = std::async(std::launch::async, [&] { Operations(run.ports).run(orphan, limit); });
  transfer(run, stop);
  orphaning.get();
}

}  // namespace

void prepare_in_place(Run& run, std::vector<PhaseTiming>& timings, const StopToken& stop) {
  {
    PhaseScope scope(run, Phase::preparing, timings, stop);
    take_lease(run, stop);
    try_creation(run, stop);
    declare_queues(run, stop);
    arm_dead_man(run, stop);
  }
  PhaseScope scope(run, Phase::checkpointing, timings, stop);
  run.set_lease_phase(Phase::checkpointing, stop);
  make_source_quiet(run, stop);
  checkpoint(run, stop);
  scope.note("source made quiet, kubelet checkpoint API");
}

void run_set_handoff(Run& run, std::vector<PhaseTiming>& timings, const StopToken& stop) {
  prepare_in_place(run, timings, stop);
  PhaseScope scope(run, Phase::transferring, timings, stop);
  transfer_and_orphan(run, stop);
  scope.note(transfer_note(run));
  plan_identity(run, op::remove_source(run.plan.ns, run.plan.source_pod, run.plan.source_uid, run.names.hold),
                run.plan.target_spec);
  disarm(run, stop);
}

}  // namespace ms2m
