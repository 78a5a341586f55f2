// Strategy handoff: nobody consumes the primary queue while the data moves; messages wait in it, in order.
#include <fmt/format.h>

#include <algorithm>

#include "handover/queue_names.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/pod_spec.hpp"
#include "plan/facts.hpp"
#include "strategy/identity_swap.hpp"
#include "strategy/strategies.hpp"
#include "undo/operations.hpp"

namespace ms2m {

PhaseScope::PhaseScope(Run& run, Phase phase, std::vector<PhaseTiming>& timings, const StopToken& stop)
    : run_(run), phase_(phase), timings_(timings) {
  stop.check(to_string(phase));
  Event event;
  event.type = Event::Type::phase_started;
  event.phase = phase;
  run_.observer.on(event);
}

PhaseScope::~PhaseScope() {
  const Seconds elapsed = Clock::now() - begin_;
  timings_.push_back({phase_, elapsed, note_});
  Event event;
  event.type = Event::Type::phase_finished;
  event.phase = phase_;
  event.elapsed = elapsed;
  event.text = note_;
  run_.observer.on(event);
}

void plan_image_name_removal(Run& run) {
  const std::string image = find_container(run.facts.pod, run.plan.container)->value("image", "");
  if (!is_checkpoint_image_name(image)) return;
  const std::string stored = name_in_store(image, known_image_names(run.facts));
  run.journal.effect(Phase::finalizing, "remove the name of the source's image", {},
                     op::remove_image_name(run.plan.source_node, stored.empty() ? image : stored));
}

op::Adoption adoption_of(const Run& run) {
  const Plan& plan = run.plan;
  const Json& metadata = run.facts.pod.at("metadata");
  return {plan.ns,
          plan.source_pod,
          plan.source_uid,
          plan.target_pod,
          metadata.value("labels", Json::object()).value(kTemplateHash, ""),
          metadata.value("annotations", Json::object()).value(kDeletionCost, Json())};
}

namespace {

/// The time until the copy can count as ready, by its containers' probes: the source goes after that.
Seconds time_to_ready(const Json& pod) {
  int most = 0;
  for (const Json& container : pod.at("spec").at("containers")) {
    int seconds = 0;
    for (const char* kind : {"startupProbe", "readinessProbe"})
      if (const auto probe = container.find(kind); probe != container.end())
        seconds += probe->value("initialDelaySeconds", 0) +
                   probe->value("periodSeconds", 10) * (probe->value("successThreshold", 1) + 1);
    most = std::max(most, seconds);
  }
  return Seconds(most);
}

}  // namespace

void plan_retirement(Run& run) {
  const Plan& plan = run.plan;
  if (plan.procedure.workload == Workload::stateful_set) return plan_identity_swap(run);
  const bool set = plan.procedure.workload == Workload::replica_set;
  const Seconds patience = time_to_ready(plan.target_spec) + run.request.timeouts.retire;
  if (set) {
    op::Adopt adoption = adoption_of(run);
    adoption.patience = patience;
    run.journal.effect(Phase::finalizing, "let the ReplicaSet swap the pods", op::restore_cost(adoption), adoption);
  } else {
    const op::RetirePod retirement{
        plan.ns, plan.source_pod, plan.source_uid, plan.target_pod, run.quiet_at ? run.names.hold : "", patience};
    run.journal.effect(Phase::finalizing, "delete the source pod", {}, retirement);
  }
  run.journal.effect(Phase::finalizing, "delete the source's control queue", {},
                     op::delete_control_queue(plan.source_control_queue, plan.ns, plan.source_pod, plan.source_uid));
  plan_image_name_removal(run);
}

void prepare(Run& run, std::vector<PhaseTiming>& timings, const StopToken& stop) {
  PhaseScope scope(run, Phase::preparing, timings, stop);
  take_lease(run, stop);
  create_target_pod(run, stop);
  declare_queues(run, stop);
  wait_target_warm(run, stop);
  // In the handoff nobody works from here on until the restore: whatever can be waited for is waited for before. (To
  // count on the time that checkpoint and transfer take saves half a second of the whole, and made the gap 0.4 s
  // longer.)
  if (run.request.strategy == Strategy::handoff && run.request.prefer == Prefer::gap) wait_kick_works(run, stop);
  arm_dead_man(run, stop);
}

std::string transfer_note(const Run& run) {
  return fmt::format("{:.1f} MB by ssh, imported as checkpoint image",
                     static_cast<double>(run.measures.bytes->count) / 1e6);
}

void run_handoff(Run& run, std::vector<PhaseTiming>& timings, const StopToken& stop) {
  prepare(run, timings, stop);
  {
    PhaseScope scope(run, Phase::checkpointing, timings, stop);
    run.set_lease_phase(Phase::checkpointing, stop);
    make_source_quiet(run, stop);
    checkpoint(run, stop);
    scope.note("source made quiet, kubelet checkpoint API");
  }
  {
    PhaseScope scope(run, Phase::transferring, timings, stop);
    transfer(run, stop);
    scope.note(transfer_note(run));
  }
  {
    PhaseScope scope(run, Phase::restoring, timings, stop);
    // It wakes up listening to the hold queue; should it not, this sends it there before it consumes anything.
    run.ports.broker.publish(
        {"", run.plan.target_control_queue, start_replay(run.names.hold, "hold", run.plan.id), "application/json", ""},
        stop);
    restore(run, run.names.hold, 2, stop);
    scope.note("CRIU restore in the waiting pod, reconnected to the broker");
  }
  PhaseScope scope(run, Phase::replaying, timings, stop);
  plan_retirement(run);
  pivot(run, stop);
  wait_target_serving(run);
  scope.note(fmt::format("{} messages had waited in {}", *run.measures.held, run.plan.queue));
}

}  // namespace ms2m
