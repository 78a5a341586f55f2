#include "strategy/identity_swap.hpp"

#include "journal/settings.hpp"
#include "strategy/strategies.hpp"
#include "undo/operations.hpp"

namespace ms2m {

void plan_identity_swap(Run& run) {
  const Plan& plan = run.plan;
  auto source = op::remove_source(plan.ns, plan.source_pod, plan.source_uid, run.names.hold);
  source.target = plan.target_pod;  // after that is at work: nobody waits for this
  run.journal.effect(Phase::finalizing, "delete the quiet source", {}, source);
  op::Identity identity{plan.id,        plan.ns,    plan.target_pod, plan.target_node,
                        plan.container, plan.queue, run.facts.pod,   Json()};
  identity.source.erase("status");
  identity.source["metadata"].erase("managedFields");
  identity.settings = settings_json(run.request);
  run.journal.effect(Phase::finalizing, "let the copy take the name " + plan.source_pod, {},
                     op::take_identity(identity));
  // The second half removes both; these are for a copy that was lost before it.
  run.journal.effect(Phase::finalizing, "delete the copy's control queue", {},
                     op::delete_control_queue(plan.target_control_queue, plan.ns, plan.target_pod, ""));
  auto name = op::remove_image_name(plan.target_node, plan.stored_image);
  name.at = Stage::copy_image_name;  // not before the second half: the copy may have to start again from it
  run.journal.effect(Phase::finalizing, "remove the name of the copy's image", {}, name);
  plan_image_name_removal(run);
}

}  // namespace ms2m
