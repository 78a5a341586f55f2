// Strategy sequential, the published baseline: checkpoint, transfer, scale the StatefulSet down (or delete a bare pod)
// and wait for the source's own termination, restore under the same name, scale up again. Exact all the same: the pivot
// comes while the source, quiet, still exists; what follows is in the journal and is carried out by the coordinator's
// finish.
#include "kube/objects/object.hpp"
#include "kube/objects/selector.hpp"
#include "strategy/strategies.hpp"
#include "undo/operations.hpp"

namespace ms2m {
namespace {

/// Scaled down, the set would adopt a pod of that name and delete it at once [real]. So the copy comes without the
/// label by which the set selects, and gets it back when the set has been scaled up.
void plan_scaling(Run& run, Json& copy) {
  const Plan& plan = run.plan;
  const Json& set = *run.facts.owner;
  const std::string key = deciding_label(set.at("spec").at("selector"), copy.at("metadata").at("labels")).value();
  const op::Scaling scaling{plan.ns,         plan.owner,      pod_uid(set), set.at("spec").value("replicas", 1),
                            plan.source_pod, plan.source_uid, plan.image};
  run.journal.effect(Phase::restoring, "scale the set down by one", {}, op::scale_down(scaling));
  run.journal.effect(Phase::finalizing, "scale the set up again", {},
                     op::scale_up(scaling, {{key, copy["metadata"]["labels"][key]}}));
  copy["metadata"]["labels"].erase(key);
}

}  // namespace

void run_sequential(Run& run, std::vector<PhaseTiming>& timings, const StopToken& stop) {
  const Plan& plan = run.plan;
  const bool set = plan.procedure.workload == Workload::stateful_set;
  prepare_in_place(run, timings, stop);
  PhaseScope scope(run, Phase::transferring, timings, stop);
  transfer(run, stop);
  scope.note(transfer_note(run));
  // Both the number of replicas and the selector are taken from what was read in the beginning.
  if (set) unchanged_set(run, stop);
  Json copy = plan.target_spec;
  if (set) plan_scaling(run, copy);
  const int grace = run.facts.pod.at("spec").value("terminationGracePeriodSeconds", 30);
  plan_identity(
      run, op::end_source({plan.ns, plan.source_pod, plan.source_uid, plan.image, run.names.hold, grace, !set}), copy);
  disarm(run, stop);
}

}  // namespace ms2m
