#include "migration/identity.hpp"

#include <utility>

#include "migration/operations.hpp"
#include "migration/planner.hpp"
#include "migration/pod_spec.hpp"
#include "migration/strategies.hpp"

namespace ms2m {

namespace {

const std::pair<const char*, Seconds StepTimeouts::*> kTimeouts[] = {{"connect", &StepTimeouts::connect},
                                                                     {"quiet", &StepTimeouts::quiet},
                                                                     {"checkpoint", &StepTimeouts::checkpoint},
                                                                     {"transfer", &StepTimeouts::transfer},
                                                                     {"restore", &StepTimeouts::restore},
                                                                     {"replay", &StepTimeouts::replay},
                                                                     {"serve", &StepTimeouts::serve},
                                                                     {"retire", &StepTimeouts::retire},
                                                                     {"undo", &StepTimeouts::undo}};

Json timeouts_json(const StepTimeouts& timeouts) {
  Json json;
  for (const auto& [name, field] : kTimeouts) json[name] = (timeouts.*field).count();
  return json;
}

}  // namespace

void plan_identity_swap(Run& run) {
  const Plan& plan = run.plan;
  const MigrationRequest& r = run.request;
  Json source = op::remove_source(plan.ns, plan.source_pod, plan.source_uid, run.names.hold);
  source["prio"] = 15;  // after the copy is at work: nobody waits for this
  source["target"] = plan.target_pod;
  run.journal.effect(Phase::finalizing, "delete the quiet source", Json(), source);
  op::Identity identity{plan.id,        plan.ns,    plan.target_pod, plan.target_node,
                        plan.container, plan.queue, run.facts.pod,   Json()};
  identity.source.erase("status");
  identity.source["metadata"].erase("managedFields");
  identity.settings = {{"dead_man", r.dead_man.count()},
                       {"downtime_limit", r.downtime_limit.count()},
                       {"relay_window", r.relay_window},
                       {"max_held", r.max_held},
                       {"total", r.prefer == Prefer::total},
                       {"allow_reorder", r.allow_reorder},
                       {"direct", r.kubelet == KubeletPath::direct},
                       {"timeouts", timeouts_json(r.timeouts)}};
  run.journal.effect(Phase::finalizing, "let the copy take the name " + plan.source_pod, Json(),
                     op::take_identity(identity));
  // The second half removes both; these are for a copy that was lost before it.
  run.journal.effect(Phase::finalizing, "delete the copy's control queue", Json(),
                     op::delete_control_queue(plan.target_control_queue, plan.ns, plan.target_pod, ""));
  Json name = op::remove_image_name(plan.target_node, plan.stored_image);
  name["prio"] = 53;  // not before the second half: the copy may have to start again from it
  run.journal.effect(Phase::finalizing, "remove the name of the copy's image", Json(), name);
  plan_image_name_removal(run);
}

MigrationRequest identity_request(const Json& o) {
  const Json& settings = o.at("settings");
  MigrationRequest request;
  request.ns = o.at("ns");
  request.pod = o.at("copy");
  request.target_node = o.at("node");
  request.container = o.at("container");
  request.target_name = o.at("source").at("metadata").at("name");
  request.queue = o.at("queue");
  request.strategy = Strategy::shadow;
  request.prefer = settings.at("total").get<bool>() ? Prefer::total : Prefer::gap;
  request.kubelet = settings.at("direct").get<bool>() ? KubeletPath::direct : KubeletPath::proxy;
  request.dead_man = Millis(settings.at("dead_man").get<std::int64_t>());
  request.downtime_limit = Millis(settings.at("downtime_limit").get<std::int64_t>());
  request.relay_window = settings.at("relay_window");
  request.max_held = settings.at("max_held");
  request.allow_reorder = settings.at("allow_reorder");
  for (const auto& [name, field] : kTimeouts)
    request.timeouts.*field = Seconds(settings.at("timeouts").value(name, (request.timeouts.*field).count()));
  // These were weighed before the first half; the copy is on the very node that it stays on.
  request.allow_competing = request.allow_other_queues = true;
  request.allow_hostpath = request.accept_volume_loss = true;
  return request;
}

Plan identity_plan(const Json& o, const MigrationRequest& request, const Facts& facts, const std::string& id) {
  Plan plan = make_plan(request, facts, id);
  plan.second_half = true;
  const TargetPod pod =
      make_target_pod(o.at("source"), {plan.target_pod, plan.target_node, plan.container, plan.image, id, {}});
  plan.target_spec = pod.pod;
  plan.target_control_queue = control_queue(pod_hostname(plan.target_spec));
  return plan;
}

}  // namespace ms2m
