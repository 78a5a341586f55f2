#include "controllers/garbage.hpp"

#include <algorithm>

#include "deletion.hpp"

namespace ms2m::lab {

namespace {
constexpr std::chrono::milliseconds kGraphDelay{40};

bool has_finalizer(const Json& object, const char* finalizer) {
  return std::ranges::any_of(at(object, {"metadata", "finalizers"}), [&](const Json& one) { return one == finalizer; });
}

const Json& owners_of(const Json& object) { return at(object, {"metadata", "ownerReferences"}); }
}  // namespace

void GarbageCollector::enqueue_object(const ResourceType& type, const Json& object) {
  enqueue({type.plural + "|" + namespace_of(object), name_of(object)}, kGraphDelay);
}

void GarbageCollector::observe(const Event& event) {
  const Json& object = *event.object;
  if (event.kind != EventType::kDeleted) {
    const bool new_owners = !event.before || owners_of(*event.before) != owners_of(object);
    if ((new_owners && !owners_of(object).empty()) ||
        (is_deleting(object) && !at(object, {"metadata", "finalizers"}).empty()))
      enqueue_object(*event.type, object);
    return;
  }
  for_each_dependent(object, [&](const ResourceType& type, const Json& dependent) { enqueue_object(type, dependent); });
  for (const Json& owner : owners_of(object))  // it may wait for this one to be gone
    if (const ResourceType* type = find_kind(text(owner, {"apiVersion"}), text(owner, {"kind"})))
      enqueue({type->plural + "|" + (type->namespaced() ? namespace_of(object) : ""), text(owner, {"name"})},
              kGraphDelay);
}

void GarbageCollector::sync(const WorkKey& key) {
  const auto bar = key.first.find('|');
  const ResourceType& type = type_of(key.first.substr(0, bar));
  const ObjectPtr object = store_.find(type, key.first.substr(bar + 1), key.second);
  if (!object) return;
  if (is_deleting(*object) && has_finalizer(*object, "orphan"))
    orphan_dependents(type, *object);
  else if (is_deleting(*object) && has_finalizer(*object, "foregroundDeletion"))
    delete_dependents(type, *object);
  else
    check_owners(type, *object);
}

bool GarbageCollector::owner_exists(const Json& reference, const std::string& space) const {
  const ResourceType* type = find_kind(text(reference, {"apiVersion"}), text(reference, {"kind"}));
  if (type == nullptr) return true;  // of a kind that is not served here: nobody can tell
  const ObjectPtr owner = store_.find(*type, space, text(reference, {"name"}));
  return owner && uid_of(*owner) == text(reference, {"uid"});
}

void GarbageCollector::check_owners(const ResourceType& type, const Json& object) {
  if (is_deleting(object)) return;
  const std::string space = namespace_of(object);
  const auto missing =
      std::ranges::count_if(owners_of(object), [&](const Json& one) { return !owner_exists(one, space); });
  if (missing == 0) return;
  if (static_cast<std::size_t>(missing) == owners_of(object).size()) {
    DeleteOptions options = DeleteOptions::background();
    options.uid = uid_of(object);
    delete_object(store_, type, space, name_of(object), options);
    return;
  }
  Json kept = Json::array();
  for (const Json& owner : owners_of(object))
    if (owner_exists(owner, space)) kept.push_back(owner);
  store_.update(type, space, name_of(object), [&](Json& changed) { changed["metadata"]["ownerReferences"] = kept; });
}

void GarbageCollector::for_each_dependent(const Json& owner, const Visit& visit) {
  const std::string uid = uid_of(owner);
  for (const ResourceType& type : resource_types())
    for (const ObjectPtr& object : store_.list(type, namespace_of(owner)).items)
      if (std::ranges::any_of(owners_of(*object), [&](const Json& one) { return text(one, {"uid"}) == uid; }))
        visit(type, *object);
}

void GarbageCollector::orphan_dependents(const ResourceType& type, const Json& owner) {
  for_each_dependent(owner, [&](const ResourceType& dependent_type, const Json& dependent) {
    store_.update(dependent_type, namespace_of(dependent), name_of(dependent), [&](Json& object) {
      Json& owners = object["metadata"]["ownerReferences"];
      std::erase_if(owners.get_ref<Json::array_t&>(),
                    [&](const Json& one) { return text(one, {"uid"}) == uid_of(owner); });
      if (owners.empty()) object["metadata"].erase("ownerReferences");
    });
  });
  drop_finalizer(type, owner, "orphan");
}

void GarbageCollector::delete_dependents(const ResourceType& type, const Json& owner) {
  bool blocked = false;
  for_each_dependent(owner, [&](const ResourceType& dependent_type, const Json& dependent) {
    for (const Json& one : owners_of(dependent))
      blocked |= text(one, {"uid"}) == uid_of(owner) && flag(one, {"blockOwnerDeletion"});
    if (is_deleting(dependent)) return;
    DeleteOptions options;
    options.propagation = "Foreground";
    options.uid = uid_of(dependent);
    delete_object(store_, dependent_type, namespace_of(dependent), name_of(dependent), options);
  });
  if (blocked)
    enqueue_object(type, owner);  // looks again; the deletion of a dependent comes sooner, as a rule
  else
    drop_finalizer(type, owner, "foregroundDeletion");
}

void GarbageCollector::drop_finalizer(const ResourceType& type, const Json& object, const char* finalizer) {
  store_.update(type, namespace_of(object), name_of(object), [&](Json& changed) {
    Json& finalizers = changed["metadata"]["finalizers"];
    if (finalizers.is_array()) std::erase(finalizers.get_ref<Json::array_t&>(), Json(finalizer));
    if (finalizers.empty()) changed["metadata"].erase("finalizers");
  });
}

}  // namespace ms2m::lab
