// The ports to that world: API server, sessions, archives, images, processes.
#include "support/fake_cluster.hpp"

#include <fmt/format.h>

#include <ctime>

#include "kube/objects/names.hpp"
#include "ms2m/archive.hpp"
#include "ms2m/error.hpp"

namespace ms2m::test {
namespace {

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

}  // namespace

std::optional<Json> FakeCluster::get(const ObjectRef& ref, const StopToken&) {
  Call call(world_, "get " + ref.name);
  world_.note({"get"}, ref.kind);
  std::lock_guard lock(world_.mutex_);
  world_.tick();
  if (ref.kind == Kind::stateful_set) world_.observe_set();
  const auto found = world_.objects_.find(world_.key(ref.kind, ref.name));
  std::optional<Json> object;
  if (found != world_.objects_.end()) object = found->second;
  call.done();
  return object;
}

std::vector<Json> FakeCluster::list(Kind kind, const std::string&, const std::string& selector, const std::string&,
                                    const StopToken&) {
  world_.note({"list"}, kind);
  const std::string by_migration = std::string(kIdLabel) + "=", prefix = world_.key(kind, "");
  std::vector<Json> found;
  if (!selector.starts_with(by_migration)) return found;
  std::lock_guard lock(world_.mutex_);
  for (const auto& [where, object] : world_.objects_)
    if (where.starts_with(prefix) && migration_of(object) == selector.substr(by_migration.size()))
      found.push_back(object);
  return found;
}

Json FakeCluster::create(const ObjectRef& ref, const Json& given, const CreateOptions& options, const StopToken&) {
  Call call(world_, "create " + ref.name);
  world_.note({"create"}, ref.kind);
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
  world_.note({"update"}, ref.kind);
  std::lock_guard lock(world_.mutex_);
  return world_.objects_[world_.key(ref.kind, ref.name)] = object;
}

Json FakeCluster::patch(const ObjectRef& ref, PatchType, const Json& patch, const StopToken&) {
  Call call(world_, "patch " + ref.name);
  world_.note({"patch"}, ref.kind);
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
  world_.note({"delete"}, ref.kind);
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
  world_.note({"list", "watch"}, ref.kind);
  for (int look = 0;; ++look) {
    const auto object = get(ref, stop);
    if (done(object ? &*object : nullptr)) return;
    if (look > 2000) throw Error(ErrorKind::timeout, "the simulated watch on " + ref.name + " saw nothing");
    stop.sleep(Millis{1}, "watching " + ref.name);
  }
}

std::optional<std::vector<Json>> FakeCluster::kubelet_pods(const std::string& node, const StopToken&) {
  Call call(world_, "kubelet's pods " + node);
  world_.note("get nodes/proxy");
  std::vector<Json> pods;
  {
    std::lock_guard lock(world_.mutex_);
    for (const auto& [where, object] : world_.objects_)
      if (where.rfind("pod/", 0) == 0 && object.at("spec").value("nodeName", "") == node) pods.push_back(object);
  }
  call.done();
  return pods;
}

std::optional<bool> FakeCluster::kubelet_ends(const std::string& node, const std::string& uid, const StopToken&) {
  Call call(world_, "kubelet's pods " + node);
  world_.note("get nodes/proxy");
  bool ends = true;
  {
    std::lock_guard lock(world_.mutex_);
    world_.tick();
    for (const auto& [where, object] : world_.objects_)
      if (object.at("metadata").at("uid") == uid) {
        const auto ending = world_.ending_.find(where);
        ends = ending != world_.ending_.end() && ending->second >= 2;
      }
  }
  call.done();
  return ends;
}

CheckpointArchive FakeCluster::checkpoint(const std::string& node, const std::string&, const std::string& pod,
                                          const std::string&, const StopToken&) {
  Call call(world_, "checkpoint " + pod);
  std::string path;
  {
    std::lock_guard lock(world_.mutex_);
    world_.note("create nodes/proxy");
    const auto consumer = world_.consumers_.find(pod);
    if (consumer == world_.consumers_.end()) throw Error(ErrorKind::failed, "container not found");
    path = world_.archive_path(pod, 0);
    world_.nodes_[node].archives[path] = consumer->second->checkpoint();
  }
  call.done();
  return {path};
}

// ---- nodes ----------------------------------------------------------------------------------------------------------

NodeLook FakeSessions::look(const std::string&, const LookAt&, const StopToken&) {
  NodeLook look;
  look.kubelet_root = world_.kubelet_root_;
  look.clock_ahead = Seconds(static_cast<double>(std::time(nullptr))) -
                     std::chrono::duration_cast<Seconds>(BootClock::now().time_since_epoch());
  return look;
}

std::vector<ArchiveFile> FakeSessions::list(const std::string& node, const ArchivesOf& of, const StopToken&) {
  Call call(world_, "list archives " + node);
  std::vector<ArchiveFile> files;
  {
    std::lock_guard lock(world_.mutex_);
    for (const auto& [path, image] : world_.nodes_[node].archives)
      if (path.starts_with(of.directory + "/") && is_archive_path_of(path, of.ns, of.pod, of.container))
        files.push_back({path, {1000}});
  }
  call.done();
  return files;
}

bool FakeSessions::remove(const std::string& node, const std::string& path, const StopToken&) {
  Call call(world_, "remove archive " + node);
  bool removed;
  {
    std::lock_guard lock(world_.mutex_);
    removed = world_.nodes_[node].archives.erase(path) > 0;
  }
  call.done();
  return removed;
}

std::optional<std::string> FakeSessions::obstacle(const std::string&, const std::string& to, const StopToken&) {
  Call call(world_, "obstacle");
  const bool apart = world_.apart_ && !world_.apart_later_;
  call.done();
  return apart ? std::optional("connecting to " + to + ": no answer") : std::nullopt;
}

MoveResult FakeSessions::move(const MoveRequest& request, const ProgressFn&, const StopToken&) {
  Call call(world_, "move");
  MoveResult moved{{1000}, kFakeDigest};
  if (request.compress != Compression::none && request.carriage != Carriage::registry) moved.travelled = Bytes{300};
  if (request.carriage == Carriage::direct) {
    if (world_.apart_ && request.on_detour) request.on_detour("connecting to " + request.to_node + ": no answer");
    moved.carriage = world_.apart_ ? Carriage::relay : Carriage::direct;
  }
  const bool by_registry = request.carriage == Carriage::registry && request.from_node != request.to_node;
  if (by_registry) moved.carriage = Carriage::registry;
  {
    std::lock_guard lock(world_.mutex_);
    const auto* dump = std::get_if<RuntimeDump>(&request.checkpoint);
    auto& from = world_.nodes_[request.from_node];
    const auto& there = dump != nullptr ? from.dumps : from.archives;
    const auto archive = there.find(dump != nullptr ? dump->id : std::get<KubeletArchive>(request.checkpoint).path);
    if (archive == there.end())
      throw Error(dump != nullptr ? ErrorKind::not_found : ErrorKind::failed, "no such checkpoint");
    if (by_registry && request.round != Round::early)
      world_.in_registry_.insert("registry.example:5000/ms2m:ms2m-" +
                                 request.directory.substr(request.directory.rfind('/') + 1));
    auto& to = world_.nodes_[request.to_node];
    if (request.as == Unpack::restore) {
      const auto restore = to.restores.find(request.directory.substr(request.directory.rfind('/') + 1));
      if (restore == to.restores.end()) throw Error(ErrorKind::not_found, "no such restore");
      if (restore->second.data || restore->second.record.state != RestoreState::prepared)
        throw Error(ErrorKind::conflict, "the restore's state does not allow that");
      if (request.round != Round::none) {
        if (request.round == Round::last && world_.forgets_rounds_) throw Error(ErrorKind::inconsistent, "forgotten");
        moved.pages = world_.understands_memory_ ? 100 : 0;
        moved.differing = moved.pages >> (world_.memory_shrinks_ ? restore->second.rounds : 0);
        ++restore->second.rounds;
      }
      if (request.round != Round::early) restore->second.data = archive->second;
      restore->second.lacks_pages = dump != nullptr && from.served.count(dump->id) > 0;
    } else {
      to.layouts.insert_or_assign(request.directory, archive->second);
    }
  }
  call.done();
  return moved;
}

Bytes FakeSessions::bring_pages(const PagesRequest& request, const std::function<void()>& open, const ProgressFn&,
                                const StopToken& stop) {
  Call call(world_, "bring pages");
  const auto restore = [&]() -> FakeNodes::Restore& { return world_.nodes_[request.to_node].restores.at(request.id); };
  {
    std::lock_guard lock(world_.mutex_);
    if (world_.nodes_[request.from_node].served.count(request.id) == 0)
      throw Error(ErrorKind::not_found, "no pages of dump " + request.id + " were kept back");
    if (!restore().data || restore().record.ready || restore().record.state != RestoreState::prepared)
      throw Error(ErrorKind::conflict, "the restore's state does not allow that");
    restore().fed = true;
    restore().follows = request.lazy;
    restore().lost = request.lazy && world_.loses_pages_ && !world_.pages_may_;
  }
  if (request.lazy) call.done();  // what comes then, comes beside the other calls
  try {
    open();
  } catch (...) {
    std::lock_guard lock(world_.mutex_);
    world_.end_serving(request.from_node, request.id);
    throw;
  }
  if (request.lazy) world_.bring_rest_of_memory(request, stop);
  {
    std::lock_guard lock(world_.mutex_);
    restore().lacks_pages = restore().follows = false;
    world_.pages_per_second_ = request.per_second_now ? request.per_second_now() : request.per_second;
    world_.end_serving(request.from_node, request.id);
  }
  if (!request.lazy) call.done();
  return request.bytes;
}

void FakeNodes::bring_rest_of_memory(const PagesRequest& request, const StopToken& stop) {
  try {
    while (pages_may_ && !pages_may_()) stop.sleep(Millis{1}, "waiting until pages may come");
    if (loses_pages_) throw Error(ErrorKind::unavailable, "the connection to worker-1 was lost");
  } catch (...) {
    const std::lock_guard lock(mutex_);
    node::Record& record = nodes_[request.to_node].restores.at(request.id).record;
    if (record.state == RestoreState::restored) record.failure = "the pages of memory did not all come";
    const auto runs = containers_.find("cri-o://" + record.container_id);
    if (runs != containers_.end()) end_container(std::string(runs->second));
    end_serving(request.from_node, request.id);
    throw;
  }
}

RegistryLook FakeRegistry::look(const std::string& node, RegistryUse, const StopToken&) {
  Call call(world_, "look at the registry " + node);
  const bool refused = world_.registry_refuses_ == node;
  const RegistryLook found{world_.registry_deletes_};
  call.done();
  if (refused) throw Error(ErrorKind::forbidden, "registry registry.example:5000/ms2m: an upload: 401", "log in");
  return found;
}

bool FakeRegistry::remove(const std::string&, const std::string& name, const StopToken&) {
  Call call(world_, "remove from the registry");
  bool removed = false;
  {
    std::lock_guard lock(world_.mutex_);
    if (world_.in_registry_.count(name) > 0 && !world_.registry_deletes_)
      throw Error(ErrorKind::refused, "registry registry.example:5000/ms2m deletes nothing");
    removed = world_.in_registry_.erase(name) > 0;
  }
  call.done();
  return removed;
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

std::optional<std::vector<StoredImage>> FakeStore::list(const std::string& node, const StopToken&) {
  Call call(world_, "list images " + node);
  std::vector<StoredImage> images;
  {
    std::lock_guard lock(world_.mutex_);
    const auto& store = world_.nodes_[node];
    for (const auto& [id, image] : store.images) {
      images.push_back({id, {}, image.user, image.checkpoint.has_value()});
      for (const auto& [name, of] : store.names)
        if (of == id) images.back().names.push_back(name);
    }
  }
  call.done();
  return images;
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
    there = found != world_.containers_.end() && node != world_.hidden_node_ &&
            world_.objects_.at("pod/" + found->second).at("spec").at("nodeName") == node;
    if (there) act(*world_.consumers_.at(found->second), found->second);
  }
  call.done();
  return there;
}

bool FakeProcesses::freeze(const std::string& node, const std::string& container, const FreezeTerms& terms,
                           const StopToken&) {
  const char* name = terms.at_end == AtEnd::kill ? "condemn" : "freeze";
  return act(name, node, container, [&](SimConsumer& consumer, const std::string&) {
    if (terms.at_end != AtEnd::thaw && world_.frozen_.count(container) == 0)
      throw Error(ErrorKind::inconsistent, "container " + container + " has not been frozen all the time");
    consumer.freeze();
    world_.frozen_[container] = terms.at_end;
  });
}

bool FakeProcesses::holds(const std::string&, const std::string& container) const {
  std::lock_guard lock(world_.mutex_);
  if (world_.forgotten_.count(container) > 0) return false;
  return world_.frozen_.count(container) > 0;
}

bool FakeProcesses::thaw(const std::string& node, const std::string& container, const StopToken&) {
  return act("thaw", node, container, [&](SimConsumer& consumer, const std::string&) {
    consumer.thaw();
    world_.forgotten_.erase(container);
    world_.frozen_.erase(container);
  });
}

bool FakeProcesses::kill(const std::string& node, const std::string& container, const StopToken&) {
  return act("kill", node, container, [&](SimConsumer& consumer, const std::string& pod) {
    world_.frozen_.erase(container);
    if (world_.kubelet_ends(pod)) {
      consumer.kill();
      world_.objects_.at("pod/" + pod)["status"]["containerStatuses"][0]["state"] = {{"terminated", Json::object()}};
      world_.containers_.erase(container);
      return;
    }
    if (world_.objects_.at("pod/" + pod)
            .at("metadata")
            .value("annotations", Json::object())
            .contains(kRestoreAnnotation)) {
      return world_.end_container(std::string(pod));
    }
    consumer.restart_cold();
    world_.containers_.erase(container);
    world_.containers_[fmt::format("cri-o://{:064x}", ++world_.serial_)] = pod;
    world_.sync(pod);
  });
}

}  // namespace ms2m::test
