#include "controllers/nodes.hpp"

#include <algorithm>
#include <optional>

#include "controllers/pods.hpp"
#include "deletion.hpp"
#include "values.hpp"

namespace ms2m::lab {

namespace {
constexpr std::chrono::seconds kGrace{40};
constexpr std::chrono::seconds kLostPodGrace{55};
constexpr std::chrono::seconds kPeriod{1};
const WorkKey kTick{"", "tick"};
const char* const kUnreachable = "node.kubernetes.io/unreachable";
const char* const kNotReady = "node.kubernetes.io/not-ready";
const char* const kUnschedulable = "node.kubernetes.io/unschedulable";

const ResourceType& node_type() { return type_of("nodes"); }
const ResourceType& pod_type() { return type_of("pods"); }

bool is_heartbeat(const Event& event) {
  if (!event.before) return true;
  const char* const field = event.type == &node_type() ? "lastHeartbeatTime" : "renewTime";
  if (event.type != &node_type()) return at(*event.before, {"spec", field}) != at(*event.object, {"spec", field});
  return text(condition_of(*event.before, "Ready"), {field}) != text(condition_of(*event.object, "Ready"), {field});
}

bool should_have(const std::string& key, const std::string& ready, bool cordoned) {
  return (key == kUnreachable && ready == "Unknown") || (key == kNotReady && ready == "False") ||
         (key == kUnschedulable && cordoned);
}

// How long the pod stays on a node with the taint: nothing = for ever.
std::optional<std::int64_t> toleration_seconds(const Json& pod, const char* taint) {
  std::optional<std::int64_t> seconds = 0;
  for (const Json& toleration : at(pod, {"spec", "tolerations"})) {
    const std::string key = text(toleration, {"key"});
    const std::string effect = text(toleration, {"effect"});
    if ((!key.empty() && key != taint) || (!effect.empty() && effect != "NoExecute")) continue;
    if (!toleration.contains("tolerationSeconds")) return std::nullopt;
    seconds = std::max(*seconds, number(toleration, {"tolerationSeconds"}));
  }
  return seconds;
}
}  // namespace

NodeController::NodeController(Store& store) : Controller(store) { enqueue(kTick, kPeriod); }

void NodeController::observe(const Event& event) {
  const bool lease = event.type == &type_of("leases") && namespace_of(*event.object) == "kube-node-lease";
  if (event.type != &node_type() && !lease) return;
  const std::string name = name_of(*event.object);
  if (event.kind == EventType::kDeleted) {
    if (!lease) heartbeats_.erase(name);
    return;
  }
  if (is_heartbeat(event)) heartbeats_[name] = Clock::now();
  enqueue({"", "node/" + name});
}

void NodeController::sync(const WorkKey& key) {
  if (key != kTick) {
    if (const ObjectPtr node = store_.find(node_type(), "", key.second.substr(5))) check(*node);
    return;
  }
  enqueue(kTick, kPeriod);
  for (const ObjectPtr& node : store_.list(node_type()).items) check(*node);
  collect_lost_pods();
}

void NodeController::check(const Json& node) {
  const std::string name = name_of(node);
  std::string ready = text(condition_of(node, "Ready"), {"status"}, "Unknown");
  const bool silent = Clock::now() - heartbeats_[name] > kGrace;
  if (silent && ready != "Unknown") {
    set_unknown(node);
    ready = "Unknown";
    record_event(store_, node_type(), node, "Normal", "NodeNotReady", "Node " + name + " status is now: NodeNotReady",
                 "node-controller");
  }
  set_taints(node, ready);
  if (ready == "True") {
    not_ready_since_.erase(name);
    return;
  }
  if (not_ready_since_.emplace(name, Clock::now()).second) mark_pods_unready(name);
  evict_pods(node);
}

void NodeController::set_unknown(const Json& node) {
  store_.update(node_type(), "", name_of(node), [](Json& object) {
    for (Json& condition : object["status"]["conditions"]) {
      condition["status"] = "Unknown";
      condition["reason"] = "NodeStatusUnknown";
      condition["message"] = "Kubelet stopped posting node status.";
      condition["lastTransitionTime"] = rfc3339_now();
    }
  });
}

void NodeController::set_taints(const Json& node, const std::string& ready) {
  const bool cordoned = flag(node, {"spec", "unschedulable"});
  Json taints = Json::array();
  for (const Json& taint : at(node, {"spec", "taints"})) {
    const std::string key = text(taint, {"key"});
    const bool ours = key == kUnreachable || key == kNotReady || key == kUnschedulable;
    if (!ours || should_have(key, ready, cordoned)) taints.push_back(taint);
  }
  for (const char* key : {kUnschedulable, kNotReady, kUnreachable}) {
    const bool there = std::ranges::any_of(taints, [&](const Json& taint) { return text(taint, {"key"}) == key; });
    if (there || !should_have(key, ready, cordoned)) continue;
    taints.push_back({{"key", key}, {"effect", "NoSchedule"}, {"timeAdded", rfc3339_now()}});
    if (key != kUnschedulable) taints.push_back({{"key", key}, {"effect", "NoExecute"}, {"timeAdded", rfc3339_now()}});
  }
  store_.update(node_type(), "", name_of(node), [&](Json& object) {
    if (taints.empty())
      object["spec"].erase("taints");
    else
      object["spec"]["taints"] = taints;
  });
}

void NodeController::mark_pods_unready(const std::string& node) {
  for (const ObjectPtr& pod : store_.list(pod_type()).items) {
    if (text(*pod, {"spec", "nodeName"}) != node || !is_ready(*pod)) continue;
    store_.update(pod_type(), namespace_of(*pod), name_of(*pod), [](Json& object) {
      for (Json& condition : object["status"]["conditions"]) {
        if (condition["type"] != "Ready") continue;
        condition["status"] = "False";
        condition["lastTransitionTime"] = rfc3339_now();
      }
    });
  }
}

void NodeController::evict_pods(const Json& node) {
  const auto since = not_ready_since_.find(name_of(node));
  const char* const taint = text(condition_of(node, "Ready"), {"status"}) == "False" ? kNotReady : kUnreachable;
  for (const ObjectPtr& pod : store_.list(pod_type()).items) {
    if (text(*pod, {"spec", "nodeName"}) != name_of(node) || is_deleting(*pod)) continue;
    const auto seconds = toleration_seconds(*pod, taint);
    if (!seconds || Clock::now() - since->second < std::chrono::seconds(*seconds)) continue;
    delete_object(store_, pod_type(), namespace_of(*pod), name_of(*pod), DeleteOptions::background());
  }
}

void NodeController::collect_lost_pods() {
  std::map<std::string, Clock::time_point> still_lost;
  for (const ObjectPtr& pod : store_.list(pod_type()).items) {
    const std::string node = text(*pod, {"spec", "nodeName"});
    if (node.empty() || store_.find(node_type(), "", node)) continue;
    auto found = lost_since_.find(uid_of(*pod));
    const auto since = found == lost_since_.end() ? Clock::now() : found->second;
    still_lost[uid_of(*pod)] = since;
    if (Clock::now() - since > kLostPodGrace)
      delete_object(store_, pod_type(), namespace_of(*pod), name_of(*pod), DeleteOptions::background(0));
  }
  lost_since_ = std::move(still_lost);
}

}  // namespace ms2m::lab
