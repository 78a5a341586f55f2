#include "controllers/daemonset.hpp"

#include <fmt/format.h>

#include <set>

#include "controllers/pods.hpp"
#include "controllers/scheduler.hpp"
#include "deletion.hpp"

namespace ms2m::lab {

namespace {
constexpr const char* kHash = "controller-revision-hash";

const ResourceType& set_type() { return type_of("daemonsets"); }

// What every pod of a DaemonSet is willing to bear, so that it comes to nodes that others wait for.
void tolerate(Json& spec) {
  if (!spec["tolerations"].is_array()) spec["tolerations"] = Json::array();
  for (const char* key : {"not-ready", "unreachable"})
    spec["tolerations"].push_back(
        {{"key", std::string("node.kubernetes.io/") + key}, {"operator", "Exists"}, {"effect", "NoExecute"}});
  for (const char* key : {"disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"})
    spec["tolerations"].push_back(
        {{"key", std::string("node.kubernetes.io/") + key}, {"operator", "Exists"}, {"effect", "NoSchedule"}});
}

Json pod_for(const Json& set, const std::string& hash) {
  Json pod = pod_from_template(at(set, {"spec", "template"}), set_type(), set);
  pod["metadata"]["labels"][kHash] = hash;
  tolerate(pod["spec"]);
  return pod;
}

void bind_to(Json& pod, const std::string& node) {
  pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] = {
      {"nodeSelectorTerms", {{{"matchFields", {{{"key", "metadata.name"}, {"operator", "In"}, {"values", {node}}}}}}}}};
}

// The node that it is for, also before the scheduler has seen it.
std::string node_of(const Json& pod) {
  const std::string node = text(pod, {"spec", "nodeName"});
  if (!node.empty()) return node;
  for (const Json& term : at(pod, {"spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution",
                                   "nodeSelectorTerms"}))
    for (const Json& field : at(term, {"matchFields"})) return field.at("values").at(0).get<std::string>();
  return "";
}
}  // namespace

void DaemonSetController::observe(const Event& event) {
  if (event.type == &set_type()) enqueue({namespace_of(*event.object), name_of(*event.object)});
  if (event.type == &type_of("pods")) enqueue_all(set_type(), namespace_of(*event.object));
  if (event.type == &type_of("nodes")) enqueue_all(set_type(), "");
}

void DaemonSetController::sync(const WorkKey& key) {
  const ObjectPtr set = store_.find(set_type(), key.first, key.second);
  if (!set) return;
  const std::string hash = fmt::format("{:x}", std::hash<std::string>()(at(*set, {"spec", "template"}).dump()));
  const auto pods = claim_pods(store_, set_type(), *set, [](const Json&) { return true; });
  std::set<std::string> wanted, served;
  for (const ObjectPtr& node : store_.list(type_of("nodes")).items)
    if (reason_not_to_run(store_, pod_for(*set, hash), *node).empty()) wanted.insert(name_of(*node));
  if (!is_deleting(*set)) {
    for (const ObjectPtr& pod : pods) {
      if (is_deleting(*pod)) {
        served.insert(node_of(*pod));  // its successor comes when it has gone
        continue;
      }
      const bool current = text(*pod, {"metadata", "labels", kHash}) == hash;
      if (current && is_active(*pod) && wanted.contains(node_of(*pod)) && served.insert(node_of(*pod)).second) continue;
      delete_object(store_, type_of("pods"), key.first, name_of(*pod), DeleteOptions::background());
      served.insert(node_of(*pod));
    }
    for (const std::string& node : wanted) {
      if (served.contains(node)) continue;
      Json pod = pod_for(*set, hash);
      bind_to(pod, node);
      try {
        const ObjectPtr made = create_pod(store_, pod);
        record_event(store_, set_type(), *set, "Normal", "SuccessfulCreate", "Created pod: " + name_of(*made),
                     "daemonset-controller");
      } catch (const ApiError& error) {
        record_event(store_, set_type(), *set, "Warning", "FailedCreate",
                     std::string("Error creating: ") + error.what(), "daemonset-controller");
        enqueue(key, std::chrono::seconds(1));
        break;
      }
    }
  }
  report(*set, pods, wanted.size(), hash);
}

void DaemonSetController::report(const Json& set, const std::vector<ObjectPtr>& pods, std::size_t wanted,
                                 const std::string& hash) {
  std::size_t current = 0, updated = 0, ready = 0;
  for (const ObjectPtr& pod : pods) {
    if (!is_active(*pod)) continue;
    ++current;
    updated += text(*pod, {"metadata", "labels", kHash}) == hash ? 1 : 0;
    ready += is_ready(*pod) ? 1 : 0;
  }
  store_.update(set_type(), namespace_of(set), name_of(set), [&](Json& object) {
    if (uid_of(object) != uid_of(set)) return;
    object["status"] = {{"currentNumberScheduled", current},
                        {"desiredNumberScheduled", wanted},
                        {"numberAvailable", ready},
                        {"numberMisscheduled", 0},
                        {"numberReady", ready},
                        {"observedGeneration", number(set, {"metadata", "generation"})},
                        {"updatedNumberScheduled", updated}};
  });
}

}  // namespace ms2m::lab
