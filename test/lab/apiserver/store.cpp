#include "store.hpp"

#include <algorithm>

#include "values.hpp"

namespace ms2m::lab {

namespace {
constexpr std::size_t kHistory = 20000;

// Without the one that the controller writes (through the status, which does not count).
Json own_annotations(const Json& object) {
  Json annotations = at(object, {"metadata", "annotations"});
  if (annotations.is_object()) annotations.erase("deployment.kubernetes.io/revision");
  return annotations.empty() ? Json() : annotations;
}

// What metadata.generation counts (k8s.io/kubernetes/pkg/registry/*/strategy.go).
bool counts_as_new_generation(const ResourceType& type, const Json& before, const Json& after) {
  if (!type.has_generation) return false;
  if (is_deleting(after) && !is_deleting(before)) return true;
  if (type.plural == "endpointslices") {
    return at(before, {"endpoints"}) != at(after, {"endpoints"}) || at(before, {"ports"}) != at(after, {"ports"});
  }
  if (type.plural == "deployments" && own_annotations(before) != own_annotations(after)) return true;
  if (type.plural != "pods") return at(before, {"spec"}) != at(after, {"spec"});
  Json unbound = at(after, {"spec"});  // being given a node is no new generation
  if (at(before, {"spec", "nodeName"}).is_null()) unbound.erase("nodeName");
  return at(before, {"spec"}) != unbound;
}

bool deletion_is_complete(const ResourceType& type, const Json& object) {
  if (!is_deleting(object) || !at(object, {"metadata", "finalizers"}).empty()) return false;
  return type.plural != "pods" || number(object, {"metadata", "deletionGracePeriodSeconds"}, 1) == 0;
}
}  // namespace

ObjectPtr Store::find(const ResourceType& type, const std::string& space, const std::string& name) const {
  const std::lock_guard lock(mutex_);
  auto objects = objects_.find(&type);
  if (objects == objects_.end()) return nullptr;
  auto found = objects->second.find({type.namespaced() ? space : "", name});
  return found == objects->second.end() ? nullptr : found->second;
}

ObjectPtr Store::get(const ResourceType& type, const std::string& space, const std::string& name) const {
  ObjectPtr object = find(type, space, name);
  if (!object) throw not_found(type.group_resource(), name);
  return object;
}

Listing Store::list(const ResourceType& type, const std::string& space) const {
  const std::lock_guard lock(mutex_);
  Listing listing{{}, revision_};
  auto objects = objects_.find(&type);
  if (objects == objects_.end()) return listing;
  for (const auto& [key, object] : objects->second) {
    if (space.empty() || key.first == space) listing.items.push_back(object);
  }
  return listing;
}

ObjectPtr Store::create(const ResourceType& type, Json object) {
  Json& metadata = object["metadata"];
  const std::string name = name_of(object);
  const Key key{type.namespaced() ? namespace_of(object) : "", name};
  metadata["uid"] = random_uuid();
  metadata["creationTimestamp"] = rfc3339_now();
  if (type.has_generation) metadata["generation"] = 1;
  const std::lock_guard lock(mutex_);
  Objects& objects = objects_[&type];
  if (objects.contains(key)) throw already_exists(type.group_resource(), name);
  metadata["resourceVersion"] = std::to_string(++revision_);
  auto stored = std::make_shared<const Json>(std::move(object));
  objects[key] = stored;
  record(EventType::kAdded, type, stored, nullptr);
  return stored;
}

ObjectPtr Store::update(const ResourceType& type, const std::string& space, const std::string& name,
                        const Change& change) {
  const std::lock_guard lock(mutex_);
  Objects& objects = objects_[&type];
  auto found = objects.find({type.namespaced() ? space : "", name});
  if (found == objects.end()) throw not_found(type.group_resource(), name);
  const ObjectPtr before = found->second;
  Json after = *before;
  change(after);
  after["metadata"]["resourceVersion"] = at(*before, {"metadata", "resourceVersion"});
  if (after == *before && !deletion_is_complete(type, after)) return before;
  if (counts_as_new_generation(type, *before, after))
    after["metadata"]["generation"] = number(*before, {"metadata", "generation"}) + 1;
  const bool complete = deletion_is_complete(type, after);
  // A pod's last step is seen twice: the grace period of 0, then the removal.
  if (complete && (type.plural != "pods" || after == *before)) return erase(type, found, std::move(after));
  after["metadata"]["resourceVersion"] = std::to_string(++revision_);
  found->second = std::make_shared<const Json>(std::move(after));
  record(EventType::kModified, type, found->second, before);
  return complete ? erase(type, found, *found->second) : found->second;
}

ObjectPtr Store::erase(const ResourceType& type, Objects::iterator where, Json last) {
  const ObjectPtr before = where->second;
  last["metadata"]["resourceVersion"] = std::to_string(++revision_);
  auto removed = std::make_shared<const Json>(std::move(last));
  objects_[&type].erase(where);
  record(EventType::kDeleted, type, removed, before);
  return removed;
}

ObjectPtr Store::remove(const ResourceType& type, const std::string& space, const std::string& name) {
  const std::lock_guard lock(mutex_);
  Objects& objects = objects_[&type];
  auto found = objects.find({type.namespaced() ? space : "", name});
  if (found == objects.end()) return nullptr;
  Json last = *found->second;
  return erase(type, found, std::move(last));
}

std::uint64_t Store::revision() const {
  const std::lock_guard lock(mutex_);
  return revision_;
}

std::uint64_t Store::oldest_revision() const {
  const std::lock_guard lock(mutex_);
  return oldest_;
}

void Store::compact() {
  const std::lock_guard lock(mutex_);
  history_.clear();
  oldest_ = ++revision_;
  changed_.notify_all();
}

void Store::record(EventType kind, const ResourceType& type, ObjectPtr object, ObjectPtr before) {
  history_.push_back({revision_, kind, &type, std::move(object), std::move(before)});
  if (history_.size() > kHistory) {
    oldest_ = history_.front().revision;
    history_.pop_front();
  }
  changed_.notify_all();
}

std::optional<std::vector<Event>> Store::events_after(std::uint64_t revision,
                                                      std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [&] {
    return stopping_ || oldest_ > revision || (!history_.empty() && history_.back().revision > revision);
  });
  if (oldest_ > revision) return std::nullopt;
  auto first = std::upper_bound(history_.begin(), history_.end(), revision,
                                [](std::uint64_t value, const Event& event) { return value < event.revision; });
  return std::vector<Event>(first, history_.end());
}

bool Store::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void Store::stop_waiting() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

}  // namespace ms2m::lab
