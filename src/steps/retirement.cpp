#include "steps/retirement.hpp"

#include "handover/queue_names.hpp"
#include "journal/operation.hpp"
#include "journal/settings.hpp"
#include "kube/objects/container.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/patches.hpp"
#include "kube/objects/traits.hpp"
#include "steps/freeze.hpp"

namespace ms2m {

std::optional<Announced> image_name_removal(const Plan& plan, const Facts& facts) {
  const std::string image = container_in(facts.pod, plan.container)->image;
  if (!is_checkpoint_image_name(image)) return std::nullopt;
  const std::string stored = name_in_store(image, known_image_names(facts));
  return Announced{"", {}, op::RemoveImageName{plan.source_node, stored.empty() ? image : stored}};
}

namespace {

/// Where a quiet source listens; empty: nowhere.
std::string quiet_at(const Move& move) { return move.plan.procedure.course == Course::fanout ? "" : move.names().hold; }

op::Exit exit_of(const Move& move) {
  const Plan& plan = move.plan;
  if (plan.procedure.source_exit == SourceExit::graceful) return {"", true};
  // That of the published procedure works on to its end.
  return {plan.procedure.course == Course::fanout ? "" : plan.container, false};
}

/// Until it is gone, after its deletion.
Seconds time_to_go(const Move& move) {
  const bool gently = move.plan.procedure.source_exit == SourceExit::graceful;
  return move.request.timeouts.retire + (gently ? grace_period(move.facts.pod) : std::chrono::seconds(0));
}

/// By its ReplicaSet, which is to swap source and target.
Announced adopted(const Move& move, const std::string& instance) {
  const Plan& plan = move.plan;
  op::Adopt adoption{plan.ns,
                     plan.source_pod,
                     plan.source_uid,
                     plan.target_pod,
                     template_hash_of(move.facts.pod),
                     deletion_cost_of(move.facts.pod)};
  if (plan.procedure.freezes_source()) {
    const op::Frozen source = frozen_source(plan, instance);
    adoption.node = source.node;
    adoption.frozen = source.container;
    return {"", {}, adoption};
  }
  adoption.hold = quiet_at(move);
  adoption.patience = time_to_ready(plan.target_spec) + time_to_go(move);
  adoption.exit = exit_of(move);
  return {"", op::RestoreCost{plan.ns, plan.source_pod, plan.source_uid, adoption.source_cost}, adoption};
}

/// By ms2m; at once where a pod is to have its name.
Announced deleted(const Move& move) {
  const Plan& plan = move.plan;
  const std::string hold = quiet_at(move);
  if (!plan.procedure.source_first() && !plan.procedure.renamed_later())
    return {"",
            {},
            op::RetirePod{plan.ns, plan.source_pod, plan.source_uid, plan.target_pod, hold,
                          time_to_ready(plan.target_spec) + time_to_go(move), exit_of(move)}};
  auto removal = op::RemoveSource{plan.ns, plan.source_pod, plan.source_uid, hold};
  // After that is at work: nobody waits for this.
  if (plan.procedure.renamed_later()) removal.target = plan.target_pod;
  removal.exit = exit_of(move);
  if (removal.exit.gently) removal.patience = time_to_go(move);
  return {"", {}, removal};
}

Announced scaled_away(const Move& move) {
  const Plan& plan = move.plan;
  const int grace = static_cast<int>(grace_period(move.facts.pod).count());
  const op::Exit exit = exit_of(move);
  return {"",
          {},
          op::EndSource{plan.ns, plan.source_pod, plan.source_uid, plan.image, move.names().hold, grace,
                        plan.procedure.workload != Workload::stateful_set, !exit.gently, exit.container}};
}

}  // namespace

std::vector<Announced> rename_lines(const Move& move) {
  const Plan& plan = move.plan;
  if (!plan.procedure.renamed_later()) return {};
  op::Rename rename{plan.id,
                    plan.ns,
                    plan.target_pod,
                    plan.target_node,
                    plan.container,
                    plan.queue,
                    without_status(move.facts.pod),
                    settings_json(move.request)};
  std::vector<Announced> all{{"", {}, rename}};
  if (plan.procedure.protocol == Protocol::control)
    all.push_back({"", {}, op::DeleteControlQueue{plan.target_control_queue, plan.ns, plan.target_pod, ""}});
  if (plan.procedure.by_handler()) return all;
  auto name = op::RemoveImageName{plan.target_node, plan.stored_image};
  name.at = Stage::copy_image_name;  // not before it has its new name: it may have to start again from it
  all.push_back({"", {}, name});
  return all;
}

Announced end_of_source(const Move& move, const std::string& instance) {
  switch (move.plan.procedure.source_end) {
    case SourceEnd::adoption:
      return adopted(move, instance);
    case SourceEnd::deletion:
      return deleted(move);
    case SourceEnd::kill:
      return {"", {}, op::RetireFrozen{frozen_source(move.plan, instance)}};
    case SourceEnd::scaling:
      return scaled_away(move);
  }
  return {};
}

std::vector<Announced> PlanRetirement::announce(const Move& move) {
  const Plan& plan = move.plan;
  std::vector<Announced> all{end_of_source(move)};
  for (const Announced& each : rename_lines(move)) all.push_back(each);
  if (!plan.procedure.renamed_later())
    all.push_back(
        {"", {}, op::DeleteControlQueue{plan.source_control_queue, plan.ns, plan.source_pod, plan.source_uid}});
  if (const auto removal = image_name_removal(plan, move.facts)) all.push_back(*removal);
  return all;
}

Ran PlanRetirement::run(const StopToken&) const {
  for (const Announced& each : announce(move)) journal_announced(journal, Phase::finalizing, each);
  return {};
}

}  // namespace ms2m
