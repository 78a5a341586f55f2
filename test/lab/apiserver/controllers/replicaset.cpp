#include "controllers/replicaset.hpp"

#include "controllers/pods.hpp"
#include "deletion.hpp"
#include "selector.hpp"

namespace ms2m::lab {

namespace {
const ResourceType& set_type() { return type_of("replicasets"); }

void put_count(Json& status, const char* field, std::size_t count) {
  if (count > 0)
    status[field] = count;
  else
    status.erase(field);
}
}  // namespace

void ReplicaSetController::observe(const Event& event) {
  const std::string space = namespace_of(*event.object);
  if (event.type == &set_type()) enqueue({space, name_of(*event.object)});
  if (event.type == &type_of("pods")) enqueue_all(set_type(), space);
}

void ReplicaSetController::sync(const WorkKey& key) {
  const ObjectPtr set = store_.find(set_type(), key.first, key.second);
  if (!set) return;
  const auto pods = claim_pods(store_, set_type(), *set, [](const Json&) { return true; });
  std::vector<ObjectPtr> active;
  for (const ObjectPtr& pod : pods)
    if (is_active(*pod)) active.push_back(pod);
  if (!is_deleting(*set)) adjust(*set, active);
  report(*set, pods);
}

void ReplicaSetController::adjust(const Json& set, const std::vector<ObjectPtr>& active) {
  const auto wanted = static_cast<std::size_t>(number(set, {"spec", "replicas"}));
  for (std::size_t have = active.size(); have < wanted; ++have) {
    try {
      const ObjectPtr pod = create_pod(store_, pod_from_template(at(set, {"spec", "template"}), set_type(), set));
      record_event(store_, set_type(), set, "Normal", "SuccessfulCreate", "Created pod: " + name_of(*pod),
                   "replicaset-controller");
    } catch (const ApiError& error) {
      record_event(store_, set_type(), set, "Warning", "FailedCreate", std::string("Error creating: ") + error.what(),
                   "replicaset-controller");
      enqueue({namespace_of(set), name_of(set)}, std::chrono::seconds(1));
      return;
    }
  }
  if (active.size() > wanted) remove_surplus(set, active, active.size() - wanted);
}

void ReplicaSetController::remove_surplus(const Json& set, std::vector<ObjectPtr> active, std::size_t count) {
  // Pods of the same Deployment's other ReplicaSets count for how crowded a node is.
  std::vector<ObjectPtr> related = active;
  const std::string deployment = text(controller_of(set), {"uid"});
  for (const ObjectPtr& other : store_.list(set_type(), namespace_of(set)).items) {
    if (deployment.empty() || uid_of(*other) == uid_of(set) || text(controller_of(*other), {"uid"}) != deployment)
      continue;
    for (const ObjectPtr& pod : store_.list(type_of("pods"), namespace_of(set)).items)
      if (text(controller_of(*pod), {"uid"}) == uid_of(*other)) related.push_back(pod);
  }
  sort_by_deletion(active, related);
  for (std::size_t i = 0; i < count; ++i) {
    delete_object(store_, type_of("pods"), namespace_of(set), name_of(*active[i]), DeleteOptions::background());
    record_event(store_, set_type(), set, "Normal", "SuccessfulDelete", "Deleted pod: " + name_of(*active[i]),
                 "replicaset-controller");
  }
}

void ReplicaSetController::report(const Json& set, const std::vector<ObjectPtr>& pods) {
  const LabelSelector full = LabelSelector::from_map(at(set, {"spec", "template", "metadata", "labels"}));
  const std::int64_t min_ready = number(set, {"spec", "minReadySeconds"});
  std::size_t count = 0, labeled = 0, ready = 0, available = 0, terminating = 0;
  for (const ObjectPtr& pod : pods) {
    terminating += is_deleting(*pod) ? 1 : 0;
    if (!is_active(*pod)) continue;
    ++count;
    labeled += full.matches(at(*pod, {"metadata", "labels"})) ? 1 : 0;
    ready += is_ready(*pod) ? 1 : 0;
    available += is_available(*pod, min_ready) ? 1 : 0;
  }
  if (ready > available) enqueue({namespace_of(set), name_of(set)}, std::chrono::seconds(1));
  store_.update(set_type(), namespace_of(set), name_of(set), [&](Json& object) {
    if (uid_of(object) != uid_of(set)) return;
    Json& status = object["status"];
    status["replicas"] = count;
    put_count(status, "fullyLabeledReplicas", labeled);
    put_count(status, "readyReplicas", ready);
    put_count(status, "availableReplicas", available);
    status["terminatingReplicas"] = terminating;
    status["observedGeneration"] = number(set, {"metadata", "generation"});
  });
}

}  // namespace ms2m::lab
