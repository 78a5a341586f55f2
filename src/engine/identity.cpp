#include "engine/identity.hpp"

#include <utility>

#include "handover/queue_names.hpp"
#include "journal/settings.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_spec.hpp"
#include "plan/facts.hpp"
#include "plan/planner.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {

MigrationRequest identity_request(const op::Rename& o) {
  MigrationRequest request;
  request.ns = o.ns;
  request.pod = o.copy;
  request.target_node = o.node;
  request.container = o.container;
  request.target_name = name_of(o.source);
  request.queue = o.queue;
  request.strategy = Strategy::shadow;
  apply_settings(o.settings, request);
  if (request.protocol == Protocol::none) request.strategy = Strategy::handoff;
  request.precopy = 0;  // it stays on its node
  // These were weighed before the first half; the copy is on the very node that it stays on.
  request.allow_competing = request.allow_other_queues = true;
  request.allow_hostpath = request.accept_volume_loss = true;
  return request;
}

Plan identity_plan(const op::Rename& o, const MigrationRequest& request, const Facts& facts, const std::string& id) {
  Plan plan = make_plan(request, facts, id, {});
  plan.findings = preflight(facts, request);
  plan.is_rename = true;
  const TargetPod pod =
      make_target_pod(o.source, {plan.target_pod, plan.target_node, plan.container, plan.image, id, {}});
  plan.target_spec = pod.pod;
  plan.target_control_queue = control_queue(pod_hostname(plan.target_spec));
  return plan;
}

}  // namespace ms2m
