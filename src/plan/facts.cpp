#include "plan/facts.hpp"

#include <algorithm>

#include "handover/queue_names.hpp"
#include "kube/objects/container_state.hpp"

namespace ms2m {

std::vector<std::string> known_image_names(const Facts& facts) {
  std::vector<std::string> names;
  if (const auto state = container_state(facts.pod, facts.container)) names = {state->image, state->image_id};
  if (facts.source.image) names.insert(names.end(), facts.source.image->names.begin(), facts.source.image->names.end());
  return names;
}

std::string source_image_id(const Facts& facts) {
  return facts.source.image ? facts.source.image->id : facts.source.look.base_image;
}

bool Facts::asked(Question question) const {
  return std::none_of(unasked.begin(), unasked.end(), [&](const Unasked& each) { return each.question == question; });
}

namespace {
/// Scaled down and up, or deleted and created again.
std::vector<const char*> set_verbs(Course course) {
  if (course == Course::sequential) return {"get", "list", "watch", "patch"};
  return {"get", "list", "watch", "create", "delete"};
}
}  // namespace

std::vector<Right> needed_rights(const MigrationRequest& request, const Procedure& procedure,
                                 const std::string& source_node) {
  const std::string ns = request.ns;
  std::vector<Right> rights;
  for (const char* verb : {"get", "list", "watch", "create", "patch", "delete"})
    rights.push_back({verb, "", "pods", "", ns, ""});
  for (const char* verb : {"get", "create", "patch", "delete"})
    rights.push_back({verb, "coordination.k8s.io", "leases", "", ns, ""});
  rights.push_back({"get", "", "nodes", "", "", ""});
  const bool by_kubelet = procedure.checkpoint == CheckpointBy::kubelet && procedure.moves_memory();
  if (by_kubelet && request.kubelet == KubeletPath::proxy)
    rights.push_back({"create", "", "nodes", "proxy", "", source_node});
  else if (by_kubelet)
    rights.push_back({"create", "", "nodes", "checkpoint", "", source_node});
  const bool set = procedure.workload == Workload::stateful_set;
  // A StatefulSet's pod is checkpointed once more on the target (identity.hpp).
  if (by_kubelet && procedure.renamed_later())
    rights.push_back({"create", "", "nodes", request.kubelet == KubeletPath::proxy ? "proxy" : "checkpoint", "",
                      request.target_node});
  if (set)
    for (const char* verb : set_verbs(procedure.course)) rights.push_back({verb, "apps", "statefulsets", "", ns, ""});
  return rights;
}

std::vector<BrokerRight> needed_broker_rights(const MigrationRequest& request, const Procedure& procedure,
                                              const std::string& id) {
  using enum BrokerAccess;
  std::vector<BrokerRight> needed{{read, request.queue}};  // the valve, the relay
  if (procedure.course == Course::valve) return needed;
  const QueueNames names = queue_names(id);
  std::vector<std::string> queues{names.hold};
  if (procedure.workload != Workload::stateful_set)
    queues.push_back(control_queue(id));  // of a pod that nobody has yet, as the target's
  for (const std::string& queue : queues)
    for (const BrokerAccess access : {configure, read}) needed.push_back({access, queue});
  needed.push_back({write, "amq.default", true});
  if (!procedure.relays()) return needed;
  needed.push_back({write, names.target});
  for (const BrokerAccess access : {configure, write, read}) needed.push_back({access, names.tee, true});
  return needed;
}

}  // namespace ms2m
