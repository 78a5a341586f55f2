#include "support/fake_cluster.hpp"

#include <fmt/format.h>

#include <thread>

#include "migration/names.hpp"
#include "ms2m/error.hpp"

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
    default:
      return "other";
  }
}

/// Calls the hook before and after, as a port call of the real thing can fail on either side of its effect.
struct Call {
  Call(FakeNodes& world, std::string name) : world_(world), name_(std::move(name)) {
    if (world_.hook) world_.hook(name_, true);
  }
  void done() {
    if (world_.hook) world_.hook(name_, false);
  }
  FakeNodes& world_;
  std::string name_;
};

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

/// The kubelet's look at one pod.
void FakeNodes::sync(const std::string& name) {
  Json& pod = objects_.at("pod/" + name);
  Json& status = pod["status"];
  Node& node = nodes_[pod.at("spec").at("nodeName").get<std::string>()];
  const auto container = [&](Json state, bool ready) {
    status["phase"] = ready ? "Running" : "Pending";
    status["conditions"] = Json::array(
        {{{"type", "Ready"}, {"status", ready && pod.at("spec").at("nodeName") != unready_node_ ? "True" : "False"}}});
    status["containerStatuses"] =
        Json::array({{{"name", "consumer"}, {"imageID", "base"}, {"state", std::move(state)}}});
    for (const auto& [id, of] : containers_)
      if (of == name) status["containerStatuses"][0]["containerID"] = id;
  };
  if (ending_.count("pod/" + name) > 0) return;
  if (consumers_.count(name) > 0) return container({{"running", Json::object()}}, true);
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
  consumers_[name] =
      stored.checkpoint ? broker_.restore(name, *stored.checkpoint, options) : broker_.start(name, queue_, options);
  containers_[fmt::format("cri-o://{:064x}", ++serial_)] = name;
  container({{"running", Json::object()}}, true);
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

void FakeNodes::lose_pod(const std::string& name) {
  const std::lock_guard lock(mutex_);
  ending_.erase("pod/" + name);
  remove_pod(name);
  run_controllers();
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
  for (auto& [consumer, looks] : forced_)
    if (++looks == 20) consumer->kill();
  std::vector<std::string> gone;
  for (auto& [where, looks] : ending_) {
    ++looks;
    Json& object = objects_.at(where);
    if (looks == 2 && where.rfind("pod/", 0) == 0)
      object["status"]["observedGeneration"] = object["metadata"]["generation"];
    if (looks == (where.rfind("pod/", 0) == 0 ? 6 : 3)) gone.push_back(where);
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

std::vector<std::string> FakeNodes::debris() const {
  std::vector<std::string> found;
  for (const auto& [where, object] : objects_) {
    if (where.rfind("lease/", 0) == 0) found.push_back(where);
    if (where.rfind("pod/", 0) == 0 && !label(object, kIdLabel).empty()) found.push_back("marked " + where);
    if (where.rfind("pod/", 0) == 0 && cost(object) != 0) found.push_back("deletion cost of " + where);
  }
  if (pods().size() != 1) found.push_back(fmt::format("{} pods", pods().size()));
  for (const auto& [name, node] : nodes_) {
    for (const auto& [path, image] : node.archives) found.push_back("archive " + path + " on " + name);
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

// ---- FakeCluster ----------------------------------------------------------------------------------------------------

std::optional<Json> FakeCluster::get(const ObjectRef& ref, const StopToken&) {
  Call call(world_, "get " + ref.name);
  std::lock_guard lock(world_.mutex_);
  world_.tick();
  if (ref.kind == Kind::stateful_set) world_.observe_set();
  const auto found = world_.objects_.find(world_.key(ref.kind, ref.name));
  std::optional<Json> object;
  if (found != world_.objects_.end()) object = found->second;
  call.done();
  return object;
}

Json FakeCluster::create(const ObjectRef& ref, const Json& given, const CreateOptions& options, const StopToken&) {
  Call call(world_, "create " + ref.name);
  Json object = given;
  if (world_.admission && ref.kind == Kind::pod) world_.admission(object);
  if (options.dry_run) {
    call.done();
    return object;
  }
  Json stored;
  {
    std::lock_guard lock(world_.mutex_);
    const std::string where = world_.key(ref.kind, ref.name);
    if (world_.objects_.count(where) > 0) throw Error(ErrorKind::conflict, ref.name + " already exists");
    world_.put(object, where);
    if (ref.kind == Kind::pod) world_.sync(ref.name);
    if (ref.kind == Kind::stateful_set) world_.objects_[where]["metadata"]["generation"] = 1;
    if (ref.kind == Kind::stateful_set) world_.observe_set();
    world_.run_controllers();
    stored = world_.objects_[where];
  }
  call.done();
  return stored;
}

Json FakeCluster::update(const ObjectRef& ref, const Json& object, const StopToken&) {
  std::lock_guard lock(world_.mutex_);
  return world_.objects_[world_.key(ref.kind, ref.name)] = object;
}

Json FakeCluster::patch(const ObjectRef& ref, PatchType, const Json& patch, const StopToken&) {
  Call call(world_, "patch " + ref.name);
  Json result;
  {
    std::lock_guard lock(world_.mutex_);
    const auto found = world_.objects_.find(world_.key(ref.kind, ref.name));
    if (found == world_.objects_.end()) throw Error(ErrorKind::not_found, ref.name + " not found");
    const Json spec = found->second.value("spec", Json());
    found->second.merge_patch(patch);
    if (ref.kind == Kind::stateful_set && found->second["spec"] != spec)
      found->second["metadata"]["generation"] = found->second["metadata"].value("generation", 0) + 1;
    result = found->second;
    if (ref.kind == Kind::pod) world_.sync(ref.name);
    world_.run_controllers();
  }
  call.done();
  return result;
}

bool FakeCluster::remove(const ObjectRef& ref, const DeleteOptions& options, const StopToken&) {
  Call call(world_, "remove " + ref.name);
  bool removed = false;
  {
    std::lock_guard lock(world_.mutex_);
    const std::string where = world_.key(ref.kind, ref.name);
    const auto found = world_.objects_.find(where);
    removed = found != world_.objects_.end() &&
              (options.uid.empty() || found->second.at("metadata").at("uid") == options.uid);
    if (removed && ref.kind == Kind::pod) {
      world_.end_pod(ref.name, options.grace_seconds == 0);
    } else if (removed && ref.kind == Kind::stateful_set) {
      found->second["metadata"]["deletionTimestamp"] = "now";  // the garbage collector takes its time
      world_.ending_.emplace(where, 0);
    } else if (removed) {
      world_.objects_.erase(where);
    }
    world_.run_controllers();
  }
  call.done();
  return removed;
}

void FakeCluster::watch(const ObjectRef& ref, const std::function<bool(const Json* object)>& done,
                        const StopToken& stop) {
  for (int look = 0;; ++look) {
    const auto object = get(ref, stop);
    if (done(object ? &*object : nullptr)) return;
    if (look > 2000) throw Error(ErrorKind::timeout, "the simulated watch on " + ref.name + " saw nothing");
    stop.sleep(Millis{1}, "watching " + ref.name);
  }
}

CheckpointArchive FakeCluster::checkpoint(const std::string& node, const std::string& ns, const std::string& pod,
                                          const std::string& container, const StopToken&) {
  Call call(world_, "checkpoint " + pod);
  std::string path;
  {
    std::lock_guard lock(world_.mutex_);
    const auto consumer = world_.consumers_.find(pod);
    if (consumer == world_.consumers_.end()) throw Error(ErrorKind::failed, "container not found");
    path = fmt::format("/var/lib/kubelet/checkpoints/checkpoint-{}_{}-{}-{}.tar", pod, ns, container, ++world_.serial_);
    world_.nodes_[node].archives[path] = consumer->second->checkpoint();
  }
  call.done();
  return {path};
}

// ---- nodes ----------------------------------------------------------------------------------------------------------

std::vector<ArchiveFile> FakeShell::list(const std::string& node, const std::string& ns, const std::string& pod,
                                         const std::string& container, const StopToken&) {
  Call call(world_, "list archives " + node);
  std::vector<ArchiveFile> files;
  {
    std::lock_guard lock(world_.mutex_);
    const std::string prefix = fmt::format("/var/lib/kubelet/checkpoints/checkpoint-{}_{}-{}-", pod, ns, container);
    for (const auto& [path, image] : world_.nodes_[node].archives)
      if (path.rfind(prefix, 0) == 0) files.push_back({path, {1000}});
  }
  call.done();
  return files;
}

bool FakeShell::remove(const std::string& node, const std::string& path, const StopToken&) {
  Call call(world_, "remove archive " + node);
  bool removed;
  {
    std::lock_guard lock(world_.mutex_);
    removed = world_.nodes_[node].archives.erase(path) > 0;
  }
  call.done();
  return removed;
}

MoveResult FakeShell::move(const MoveRequest& request, const ProgressFn&, const StopToken&) {
  Call call(world_, "move");
  {
    std::lock_guard lock(world_.mutex_);
    const auto archive = world_.nodes_[request.from_node].archives.find(request.archive);
    if (archive == world_.nodes_[request.from_node].archives.end()) throw Error(ErrorKind::failed, "no such archive");
    world_.nodes_[request.to_node].layouts.insert_or_assign(request.directory, archive->second);
  }
  call.done();
  return {{1000}, "digest"};
}

std::optional<StoredImage> FakeStore::find(const std::string& node, const std::string& name_or_id, const StopToken&) {
  Call call(world_, "find image");
  std::optional<StoredImage> found;
  {
    std::lock_guard lock(world_.mutex_);
    const auto& store = world_.nodes_[node];
    const auto named = store.names.find(name_or_id);
    const std::string id = named != store.names.end() ? named->second : name_or_id;
    if (store.images.count(id) > 0) found = StoredImage{id, {name_or_id}, store.images.at(id).user};
  }
  call.done();
  return found;
}

std::string FakeStore::import_checkpoint(const std::string& node, const CheckpointImage& image, const StopToken&) {
  Call call(world_, "import");
  const std::string id = "checkpoint-" + image.name;
  {
    std::lock_guard lock(world_.mutex_);
    auto& store = world_.nodes_[node];
    const auto layout = store.layouts.find(image.directory);
    if (layout == store.layouts.end()) throw Error(ErrorKind::failed, "no such layout");
    store.images[id] = {id, layout->second, image.user};
    store.names[image.name] = id;
    store.layouts.erase(layout);
    world_.image_named(node);
  }
  call.done();
  return id;
}

void FakeStore::point_name(const std::string& node, const std::string& name, const std::string& id, const StopToken&) {
  Call call(world_, "point name");
  {
    std::lock_guard lock(world_.mutex_);
    world_.nodes_[node].names[name] = id;
    world_.image_named(node);
  }
  call.done();
}

bool FakeStore::remove_name(const std::string& node, const std::string& name, const StopToken&) {
  Call call(world_, "remove name");
  bool removed = false;
  {
    std::lock_guard lock(world_.mutex_);
    auto& store = world_.nodes_[node];
    if (const auto found = store.names.find(name); found != store.names.end()) {
      const std::string id = found->second;
      store.names.erase(found);
      removed = true;
      bool named = false;
      for (const auto& [other, other_id] : store.names) named |= other_id == id;
      if (!named) store.images.erase(id);
    }
  }
  call.done();
  return removed;
}

bool FakeStore::remove_image(const std::string& node, const std::string& id, const StopToken&) {
  Call call(world_, "remove image");
  bool removed;
  {
    std::lock_guard lock(world_.mutex_);
    removed = world_.nodes_[node].images.erase(id) > 0;
  }
  call.done();
  return removed;
}

bool FakeStore::remove_layout(const std::string& node, const std::string& directory, const StopToken&) {
  Call call(world_, "remove layout");
  bool removed;
  {
    std::lock_guard lock(world_.mutex_);
    removed = world_.nodes_[node].layouts.erase(directory) > 0;
  }
  call.done();
  return removed;
}

template <typename Act>
bool FakeProcesses::act(const std::string& name, const std::string& node, const std::string& container, Act act) {
  Call call(world_, name);
  bool there = false;
  {
    std::lock_guard lock(world_.mutex_);
    const auto found = world_.containers_.find(container);
    there = found != world_.containers_.end() &&
            world_.objects_.at("pod/" + found->second).at("spec").at("nodeName") == node;
    if (there) act(*world_.consumers_.at(found->second), found->second);
  }
  call.done();
  return there;
}

bool FakeProcesses::freeze(const std::string& node, const std::string& container, const StopToken&) {
  return act("freeze", node, container, [](SimConsumer& consumer, const std::string&) { consumer.freeze(); });
}

bool FakeProcesses::thaw(const std::string& node, const std::string& container, const StopToken&) {
  return act("thaw", node, container, [](SimConsumer& consumer, const std::string&) { consumer.thaw(); });
}

bool FakeProcesses::kill(const std::string& node, const std::string& container, const StopToken&) {
  return act("kill", node, container, [&](SimConsumer& consumer, const std::string& pod) {
    const auto ending = world_.ending_.find("pod/" + pod);
    if (ending != world_.ending_.end() && ending->second >= 2) {  // the kubelet knows
      consumer.kill();
      world_.objects_.at("pod/" + pod)["status"]["containerStatuses"][0]["state"] = {{"terminated", Json::object()}};
      world_.containers_.erase(container);
      return;
    }
    consumer.restart_cold();
    world_.containers_.erase(container);
    world_.containers_[fmt::format("cri-o://{:064x}", ++world_.serial_)] = pod;
    world_.sync(pod);
  });
}

}  // namespace ms2m::test
