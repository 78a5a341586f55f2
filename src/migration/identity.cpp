#include "migration/identity.hpp"

#include "migration/operations.hpp"
#include "migration/pod_spec.hpp"
#include "migration/planner.hpp"

namespace ms2m {

void plan_identity_swap(Run& run) {
  const Plan& plan = run.plan;
  const MigrationRequest& r = run.request;
  Json source = op::remove_source(plan.ns, plan.source_pod, plan.source_uid, run.names.hold);
  source["prio"] = 15;  // after the copy is at work: nobody waits for this
  run.journal.effect(Phase::finalizing, "delete the quiet source", Json(), source);
  op::Identity identity{plan.id, plan.ns, plan.target_pod, plan.target_node, plan.container, plan.queue, run.facts.pod, Json()};
  identity.source.erase("status");
  identity.source["metadata"].erase("managedFields");
  identity.settings = {{"dead_man", r.dead_man.count()}, {"downtime_limit", r.downtime_limit.count()}, {"relay_window", r.relay_window},
                       {"max_held", r.max_held},         {"total", r.prefer == Prefer::total},         {"allow_reorder", r.allow_reorder},
                       {"direct", r.kubelet == KubeletPath::direct}, {"quiet", r.timeouts.quiet.count()}, {"undo", r.timeouts.undo.count()}};
  run.journal.effect(Phase::finalizing, "let the copy take the name " + plan.source_pod, Json(), op::take_identity(identity));
  const std::string image = find_container(run.facts.pod, plan.container)->value("image", "");
  if (image.rfind(kImagePrefix, 0) == 0)
    run.journal.effect(Phase::finalizing, "remove the name of the source's image", Json(), op::remove_image_name(plan.source_node, image));
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
  request.timeouts.quiet = Seconds(settings.at("quiet").get<double>());
  request.timeouts.undo = Seconds(settings.at("undo").get<double>());
  // These were weighed before the first half; the copy is on the very node that it stays on.
  request.allow_competing = request.allow_hostpath = request.accept_volume_loss = true;
  return request;
}

Plan identity_plan(const Json& o, const MigrationRequest& request, const Facts& facts, const std::string& id) {
  Plan plan = make_plan(request, facts, id);
  plan.second_half = true;
  const TargetPod pod = make_target_pod(o.at("source"), {plan.target_pod, plan.target_node, plan.container, plan.image, id, {}});
  plan.target_spec = pod.pod;
  plan.target_control_queue = control_queue(pod_hostname(plan.target_spec));
  return plan;
}

}  // namespace ms2m
