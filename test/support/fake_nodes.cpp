// The world behind the fakes: pods, nodes and controllers.
#include "support/fake_cluster.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "kube/objects/names.hpp"
#include "kube/objects/runtime_class.hpp"
#include "support/preflight_facts.hpp"

namespace ms2m::test {
namespace {

constexpr const char* kBase = "basebasebasebase";

const char* word(Kind kind) {
  switch (kind) {
    case Kind::pod:
      return "pod";
    case Kind::node:
      return "node";
    case Kind::lease:
      return "lease";
    case Kind::replica_set:
      return "rs";
    case Kind::stateful_set:
      return "sts";
    case Kind::deployment:
      return "deployment";
    case Kind::persistent_volume_claim:
      return "claim";
    default:
      return "other";
  }
}

const char* resource(Kind kind) {
  switch (kind) {
    case Kind::pod:
      return "pods";
    case Kind::node:
      return "nodes";
    case Kind::lease:
      return "leases";
    case Kind::replica_set:
      return "replicasets";
    case Kind::stateful_set:
      return "statefulsets";
    case Kind::deployment:
      return "deployments";
    case Kind::persistent_volume_claim:
      return "persistentvolumeclaims";
    case Kind::persistent_volume:
      return "persistentvolumes";
    case Kind::pod_disruption_budget:
      return "poddisruptionbudgets";
    case Kind::horizontal_pod_autoscaler:
      return "horizontalpodautoscalers";
    case Kind::scaled_object:
      return "scaledobjects";
    case Kind::runtime_class:
      return "runtimeclasses";
    default:
      return "others";
  }
}

std::string label(const Json& object, const char* name) {
  return object.at("metadata").value("labels", Json::object()).value(name, "");
}

long cost(const Json& pod) {
  return std::atol(pod.at("metadata").value("annotations", Json::object()).value(kDeletionCost, "0").c_str());
}

Json owner_reference(const char* kind, const Json& owner) {
  return Json::array({{{"kind", kind},
                       {"name", owner.at("metadata").at("name")},
                       {"uid", owner.at("metadata").at("uid")},
                       {"controller", true}}});
}

}  // namespace

FakeNodes::FakeNodes(FakeServer& broker) : broker_(broker) {
  for (const char* name : {"worker-1", "worker-2"}) {
    put(Json::parse(
            R"({"status":{"conditions":[{"type":"Ready","status":"True"}],"nodeInfo":{"architecture":"amd64"}},"spec":{}})"),
        "node/" + std::string(name))["metadata"]["name"] = name;
    nodes_[name].images[kBase] = {kBase, std::nullopt, "1000"};
    nodes_[name].names["base"] = kBase;
  }
}

std::string FakeNodes::key(Kind kind, const std::string& name) const { return std::string(word(kind)) + "/" + name; }

Json& FakeNodes::put(Json object, const std::string& where) {
  object["metadata"]["uid"] = fmt::format("uid-{}", ++serial_);
  return objects_[where] = std::move(object);
}

void FakeNodes::start_pod(const std::string& name, const std::string& queue, const std::string& owner,
                          ConsumerOptions options) {
  queue_ = queue;
  Json pod = Json::parse(R"({"metadata":{"namespace":"default","labels":{"app":"consumer"}},
    "spec":{"nodeName":"worker-1","securityContext":{"runAsNonRoot":true},"containers":[{"name":"consumer","image":"base"}]}})");
  pod["metadata"]["name"] = name;
  if (owner == "ReplicaSet") {
    Json& set = put(Json::parse(R"({"metadata":{"name":"web-1"},"spec":{"replicas":1}})"), "rs/web-1");
    pod["metadata"]["labels"][kTemplateHash] = "1";
    pod["metadata"]["ownerReferences"] = owner_reference("ReplicaSet", set);
  } else if (owner == "StatefulSet") {
    Json& set = put(
        Json::parse(
            R"({"metadata":{"name":"consumer","namespace":"default","generation":1},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"consumer"}}},
      "status":{"observedGeneration":1,"replicas":1,"updatedReplicas":1,"readyReplicas":1}})"),
        "sts/consumer");
    observed_replicas_ = 1;
    pod["metadata"]["ownerReferences"] = owner_reference("StatefulSet", set);
  }
  put(pod, "pod/" + name);
  options_[name] = options;
  consumers_[name] = broker_.start(name, queue, options);
  containers_[fmt::format("cri-o://{:064x}", ++serial_)] = name;
  sync(name);
}

void FakeNodes::set_container(const std::string& name, Json state, bool ready) {
  Json& pod = objects_.at("pod/" + name);
  Json& status = pod["status"];
  status["phase"] = ready ? "Running" : "Pending";
  status["conditions"] = Json::array(
      {{{"type", "Ready"}, {"status", ready && pod.at("spec").at("nodeName") != unready_node_ ? "True" : "False"}}});
  status["containerStatuses"] = Json::array({{{"name", "consumer"}, {"imageID", "base"}, {"state", std::move(state)}}});
  for (const auto& [id, of] : containers_)
    if (of == name) status["containerStatuses"][0]["containerID"] = id;
  if (const auto process = consumers_.find(name); process != consumers_.end())
    status["podIP"] = process->second->peer_host();
}

void FakeNodes::run(const std::string& name, std::unique_ptr<SimConsumer> process, const std::string& container) {
  consumers_[name] = std::move(process);
  containers_["cri-o://" + container] = name;
  set_container(name, {{"running", Json::object()}}, true);
}

/// The kubelet's look at one pod.
void FakeNodes::sync(const std::string& name) {
  Json& pod = objects_.at("pod/" + name);
  Json& status = pod["status"];
  Node& node = nodes_[pod.at("spec").at("nodeName").get<std::string>()];
  const auto container = [&](Json state, bool ready) { set_container(name, std::move(state), ready); };
  if (ending_.count("pod/" + name) > 0) return;
  if (consumers_.count(name) > 0) return container({{"running", Json::object()}}, true);
  if (handle(name)) return;
  const auto image = node.names.find(pod.at("spec").at("containers")[0].at("image").get<std::string>());
  if (image == node.names.end()) return container({{"waiting", {{"reason", "ErrImageNeverPull"}}}}, false);
  if (pod.at("spec").at("nodeName") == failing_node_)
    return container({{"waiting", {{"reason", "RunContainerError"}, {"message", "CRIU restoring FAILED"}}}}, false);
  const Image& stored = node.images.at(image->second);
  if (stored.checkpoint && pod.at("spec").at("nodeName") == ending_node_) {
    container({{"running", Json::object()}}, true);
    status["containerStatuses"][0]["lastState"] = {{"terminated", {{"exitCode", 1}}}};
    return;
  }
  if (stored.user.empty() && pod.at("spec").value("securityContext", Json::object()).value("runAsNonRoot", false))
    return container({{"waiting",
                       {{"reason", "CreateContainerConfigError"},
                        {"message", "container has runAsNonRoot and image will run as root"}}}},
                     false);
  ConsumerOptions options = options_.empty() ? ConsumerOptions{} : options_.begin()->second;
  options.hangs = stored.checkpoint && pod.at("spec").at("nodeName") == hanging_node_;
  run(name,
      stored.checkpoint ? broker_.restore(name, *stored.checkpoint, options) : broker_.start(name, queue_, options),
      new_container());
}

bool FakeNodes::on(const std::string& where, const std::string& node) const {
  return where.rfind("pod/", 0) == 0 && objects_.at(where).at("spec").value("nodeName", "") == node;
}

void FakeNodes::image_named(const std::string& node) {
  if (!eager_) return;
  for (const std::string& pod : pods())
    if (pod.ends_with("@" + node)) sync(pod.substr(0, pod.find('@')));
}

void FakeNodes::remove_pod(const std::string& name) {
  if (const auto consumer = consumers_.find(name); consumer != consumers_.end()) {
    consumer->second->kill();
    consumers_.erase(consumer);
  }
  std::erase_if(containers_, [&](const auto& each) { return each.second == name; });
  objects_.erase("pod/" + name);
}

void FakeNodes::hang_on(const std::string& node) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, consumer] : consumers_)
    if (on("pod/" + name, node)) consumer->hang();
}

void FakeNodes::wake_on(const std::string& node) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, consumer] : consumers_)
    if (on("pod/" + name, node)) consumer->wake();
}

void FakeNodes::restart_on(const std::string& node) {
  const std::lock_guard lock(mutex_);
  for (const std::string& each : pods()) {
    const std::string name = each.substr(0, each.find('@'));
    if (!on("pod/" + name, node) || consumers_.count(name) == 0) continue;
    consumers_.erase(name);
    std::erase_if(containers_, [&](const auto& container) { return container.second == name; });
    sync(name);
  }
}

void FakeNodes::end_on(const std::string& node) {
  const std::lock_guard lock(mutex_);
  for (const std::string& each : pods()) {
    const std::string name = each.substr(0, each.find('@'));
    if (!on("pod/" + name, node) || consumers_.erase(name) == 0) continue;
    std::erase_if(containers_, [&](const auto& container) { return container.second == name; });
    objects_.at("pod/" +
                name)["status"]["containerStatuses"][0]["state"] = {{"waiting", {{"reason", "CrashLoopBackOff"}}}};
  }
}

void FakeNodes::start_ended_on(const std::string& node) {
  const std::lock_guard lock(mutex_);
  for (const std::string& each : pods())
    if (each.ends_with("@" + node)) sync(each.substr(0, each.find('@')));
}

bool FakeNodes::kubelet_ends(const std::string& pod) const {
  const auto ending = ending_.find("pod/" + pod);
  return ending != ending_.end() && ending->second >= 2;
}

void FakeNodes::forget_sessions() {
  const std::lock_guard lock(mutex_);
  for (const auto& [container, end] : frozen_) forgotten_.insert(container);
}

void FakeNodes::end_sessions() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, node] : nodes_) {
    node.dumps.clear();
    node.served.clear();  // who stands still for them is among those below
  }
  for (const auto& [container, end] : std::exchange(frozen_, {})) {
    const auto found = containers_.find(container);
    if (found == containers_.end()) continue;
    const std::string pod = found->second;
    if (end == AtEnd::thaw) consumers_.at(pod)->thaw();
    if (end != AtEnd::kill) continue;
    if (kubelet_ends(pod)) {
      consumers_.at(pod)->kill();
      continue;
    }
    consumers_.erase(pod);
    containers_.erase(found);
    sync(pod);
  }
}

void FakeNodes::lose_pod(const std::string& name) {
  const std::lock_guard lock(mutex_);
  ending_.erase("pod/" + name);
  remove_pod(name);
  run_controllers();
}

void FakeNodes::evict_pod(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (const auto process = consumers_.find(name); process != consumers_.end()) process->second->kill();
  objects_.at(key(Kind::pod, name))["status"]["phase"] = "Failed";
}

void FakeNodes::add(Kind kind, const Json& object) {
  const std::lock_guard lock(mutex_);
  put(object, key(kind, object.at("metadata").at("name")));
}

void FakeNodes::set_up_handler() {
  add(Kind::runtime_class, make_runtime_class({"worker-1", "worker-2"}));
  tools_ = good_tools();
  tools_.handler = tools_.program = tools_.handler_here = "b";
  tools_.handler_configured = true;
}

void FakeNodes::own(Kind kind, const std::string& name, const char* owner_kind, const std::string& owner) {
  const std::lock_guard lock(mutex_);
  objects_.at(key(kind, name))["metadata"]["ownerReferences"] =
      owner_reference(owner_kind, Json{{"metadata", {{"name", owner}, {"uid", "above"}}}});
}

void FakeNodes::mount(const std::string& pod, const Json& volume) {
  const std::lock_guard lock(mutex_);
  objects_.at("pod/" + pod)["spec"]["volumes"].push_back(volume);
}

void FakeNodes::note(std::initializer_list<const char*> verbs, Kind kind) {
  for (const char* verb : verbs) note(fmt::format("{} {}", verb, resource(kind)));
}

void FakeNodes::note(const std::string& right) {
  const std::lock_guard lock(mutex_);
  asked_.insert(right);
}

std::set<std::string> FakeNodes::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

void FakeNodes::hold_lease(const std::string& name, const std::string& holder) {
  const std::lock_guard lock(mutex_);
  if (holder.empty())
    objects_.erase(key(Kind::lease, name));
  else
    objects_.at(key(Kind::lease, name))["spec"]["holderIdentity"] = holder;
}

/// A deletion is a new generation; the kubelet ends the process in its own time. By force the object goes at once, the
/// process does not.
void FakeNodes::end_pod(const std::string& name, bool by_force) {
  const std::string where = "pod/" + name;
  Json& metadata = objects_.at(where)["metadata"];
  if (by_force) {
    if (const auto consumer = consumers_.find(name); consumer != consumers_.end()) {
      forced_.emplace_back(std::move(consumer->second), 0);
      consumers_.erase(consumer);
    }
    ending_.erase(where);
    return remove_pod(name);
  }
  if (metadata.contains("deletionTimestamp")) return;
  metadata["deletionTimestamp"] = "now";
  metadata["generation"] = metadata.value("generation", 1) + 1;
  ending_[where] = 0;
}

/// Time passes with every look at the cluster.
void FakeNodes::tick() {
  advance_restores();
  for (auto& [consumer, looks] : forced_)
    if (++looks == 20) consumer->kill();
  std::vector<std::string> gone;
  for (auto& [where, looks] : ending_) {
    if (on(where, cut_off_node_)) continue;
    ++looks;
    Json& object = objects_.at(where);
    if (looks == 2 && where.rfind("pod/", 0) == 0 && !on(where, silent_node_))
      object["status"]["observedGeneration"] = object["metadata"]["generation"];
    const bool pod = where.rfind("pod/", 0) == 0;
    const auto process = pod ? consumers_.find(where.substr(4)) : consumers_.end();
    const bool waits = (on(where, silent_node_) && process != consumers_.end() && process->second->alive()) ||
                       (pod && create_waits(where.substr(4)));
    if (looks >= 5 && pod && !waits && object["status"].contains("containerStatuses")) {  // its last word
      // Of a container that never was the kubelet says that it is unknown.
      const bool ran = process != consumers_.end();
      if (ran) process->second->kill();
      const char* reason = ran ? "Error" : "ContainerStatusUnknown";
      object["status"]["containerStatuses"][0]["state"] = {{"terminated", {{"exitCode", 137}, {"reason", reason}}}};
    }
    if (looks >= (pod ? 6 : 3) && !waits) gone.push_back(where);
  }
  for (const std::string& where : gone) {
    ending_.erase(where);
    if (where.rfind("pod/", 0) == 0) {
      remove_pod(where.substr(4));
    } else {
      for (auto& [other, object] : objects_)
        if (other.rfind("pod/", 0) == 0) object["metadata"].erase("ownerReferences");
      objects_.erase(where);
    }
  }
  if (!gone.empty()) run_controllers();
}

void FakeNodes::run_controllers() {
  if (const auto set = objects_.find("rs/web-1"); set != objects_.end()) {
    std::vector<std::string> owned;
    for (auto& [where, object] : objects_)
      if (where.rfind("pod/", 0) == 0 && label(object, kTemplateHash) == "1") {
        object["metadata"]["ownerReferences"] = owner_reference("ReplicaSet", set->second);
        owned.push_back(where.substr(4));
      }
    if (owned.size() > 1)
      remove_pod(cost(objects_.at("pod/" + owned[0])) <= cost(objects_.at("pod/" + owned[1])) ? owned[0] : owned[1]);
  }
  run_set_controller();
}

/// It judges pods by the number of replicas that it has seen, which may be an old one: its caches of sets and pods are
/// two.
void FakeNodes::run_set_controller() {
  const auto set = objects_.find("sts/consumer");
  if (set == objects_.end() || set->second.at("metadata").contains("deletionTimestamp")) return;
  if (const auto pod = objects_.find("pod/consumer-0"); pod != objects_.end()) {
    Json& metadata = pod->second["metadata"];
    if (label(pod->second, "app") != "consumer") return;  // not its; were it to create one, the name is taken
    if (!metadata.contains("ownerReferences") && !metadata.contains("deletionTimestamp"))
      metadata["ownerReferences"] = owner_reference("StatefulSet", set->second);
    if (observed_replicas_ == 0) end_pod("consumer-0", false);
  } else if (observed_replicas_ == 1 && options_.count("consumer-0") > 0) {
    start_pod("consumer-0", queue_, "", options_.at("consumer-0"));  // a cold twin: the test will see it
  }
  set->second["status"]["replicas"] = objects_.count("pod/consumer-0");
}

void FakeNodes::observe_set() {
  const auto set = objects_.find("sts/consumer");
  if (set == objects_.end()) return;
  observed_replicas_ = set->second["spec"]["replicas"];
  set->second["status"]["observedGeneration"] = set->second["metadata"]["generation"];
  run_set_controller();
}

std::vector<std::string> FakeNodes::pods() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  for (const auto& [where, object] : objects_)
    if (where.rfind("pod/", 0) == 0)
      all.push_back(where.substr(4) + "@" + object.at("spec").at("nodeName").get<std::string>());
  return all;
}

std::string FakeNodes::survivor() const {
  const auto all = pods();
  return all.size() == 1 ? all[0].substr(0, all[0].find('@')) : "";
}

bool FakeNodes::set_is_whole() const {
  const auto set = objects_.find("sts/consumer"), pod = objects_.find("pod/consumer-0");
  if (set == objects_.end() || pod == objects_.end() || set->second.at("metadata").contains("deletionTimestamp"))
    return false;
  const Json owners = pod->second.at("metadata").value("ownerReferences", Json::array());
  return set->second.at("spec").value("replicas", 0) == 1 && label(pod->second, "app") == "consumer" &&
         owners.size() == 1 && owners[0].at("uid") == set->second.at("metadata").at("uid");
}

const SimConsumer* FakeNodes::consumer_of(const std::string& pod) const {
  const auto found = consumers_.find(pod);
  return found == consumers_.end() ? nullptr : found->second.get();
}

std::vector<std::string> FakeNodes::image_names(const std::string& node) const {
  std::vector<std::string> names;
  for (const auto& [name, id] : nodes_.at(node).names) names.push_back(name);
  return names;
}

void FakeNodes::name_image(const std::string& node, const std::string& name, bool checkpoint) {
  Node& store = nodes_.at(node);
  store.names[name] = checkpoint ? "checkpoint-of-others" : kBase;
  if (checkpoint) store.images["checkpoint-of-others"] = {"", consumers_.begin()->second->checkpoint(), ""};
}

void FakeNodes::scale(const std::string& workload, int replicas) {
  const std::lock_guard lock(mutex_);
  objects_.at(workload)["spec"]["replicas"] = replicas;
}

std::string FakeNodes::archive_path(const std::string& pod, int seconds) const {
  return fmt::format("{}/checkpoints/checkpoint-{}_default-consumer-{:%Y-%m-%dT%H:%M:%S}Z.tar", kubelet_root_, pod,
                     fmt::gmtime(std::time(nullptr) + seconds));
}

std::string FakeNodes::make_archive(const std::string& node, const std::string& pod, int seconds) {
  const std::lock_guard lock(mutex_);
  std::string path = archive_path(pod, seconds);
  nodes_[node].archives[path] = consumers_.at(pod)->checkpoint();
  return path;
}

std::vector<std::string> FakeNodes::archives(const std::string& node) const {
  std::vector<std::string> paths;
  for (const auto& [path, image] : nodes_.at(node).archives) paths.push_back(path);
  return paths;
}

std::vector<std::string> FakeNodes::debris() const {
  std::vector<std::string> found;
  for (const auto& [where, object] : objects_) {
    if (where.rfind("lease/", 0) == 0) found.push_back(where);
    if (where.rfind("pod/", 0) == 0 && !label(object, kIdLabel).empty()) found.push_back("marked " + where);
    if (where.rfind("pod/", 0) == 0 && cost(object) != 0) found.push_back("deletion cost of " + where);
  }
  if (pods().size() != 1) found.push_back(fmt::format("{} pods", pods().size()));
  for (const std::string& each : restores_left()) found.push_back(each);
  for (const std::string& each : in_registry_) found.push_back(each + " in its registry");
  for (const auto& [name, node] : nodes_) {
    for (const auto& [path, image] : node.archives) found.push_back("archive " + path + " on " + name);
    for (const auto& [id, image] : node.dumps) found.push_back("dump " + id + " on " + name);
    for (const auto& [path, image] : node.layouts) found.push_back("layout " + path + " on " + name);
    for (const auto& [id, image] : node.images)
      if (image.checkpoint) found.push_back("checkpoint image " + id + " on " + name);
    for (const auto& [image, id] : node.names) {
      if (image == "base") continue;
      bool used = false;
      for (const auto& [where, object] : objects_)
        used |= where.rfind("pod/", 0) == 0 && object.at("spec").at("nodeName") == name &&
                object.at("spec").at("containers")[0].at("image") == image;
      if (!used) found.push_back("image name " + image + " on " + name);
    }
  }
  return found;
}

}  // namespace ms2m::test
