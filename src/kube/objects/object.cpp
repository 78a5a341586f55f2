#include "kube/objects/object.hpp"

#include <algorithm>

#include "base/fields.hpp"

namespace ms2m {
namespace {

const Json& metadata_of(const Json& object) { return object_at(object, "metadata"); }

/// The API has texts alone here; other values of a hand-written object as they are printed.
Labels texts(const Json& map) {
  Labels all;
  for (const auto& [key, value] : map.items()) all[key] = value.is_string() ? value.get<std::string>() : value.dump();
  return all;
}

}  // namespace

std::string name_of(const Json& object) { return text_at(metadata_of(object), "name"); }
std::string namespace_of(const Json& object) { return text_at(metadata_of(object), "namespace"); }
std::string pod_uid(const Json& object) { return text_at(metadata_of(object), "uid"); }
std::string pod_node(const Json& object) { return text_at(object_at(object, "spec"), "nodeName"); }

ObjectRef ref_of(Kind kind, const Json& object) {
  return {kind, text_at(metadata_of(object), "namespace", "default"), name_of(object)};
}

Labels labels_of(const Json& object) { return texts(object_at(metadata_of(object), "labels")); }
Labels annotations_of(const Json& object) { return texts(object_at(metadata_of(object), "annotations")); }
std::string label_of(const Json& object, const std::string& key) {
  return text_at(object_at(metadata_of(object), "labels"), key.c_str());
}

std::vector<std::string> finalizers_of(const Json& object) { return texts_at(metadata_of(object), "finalizers"); }

std::optional<Owner> controller_of(const Json& object) {
  for (const Json& ref : array_at(metadata_of(object), "ownerReferences"))
    if (flag_at(ref, "controller")) return Owner{text_at(ref, "kind"), text_at(ref, "name"), text_at(ref, "uid")};
  return std::nullopt;
}

bool in_a_set(const Json& pod) {
  const auto owner = controller_of(pod);
  return owner && owner->kind == "StatefulSet";
}

bool is_owned(const Json& object) { return metadata_of(object).contains("ownerReferences"); }

bool is_owned_by(const Json& object, const std::string& uid) {
  const Json& owners = array_at(metadata_of(object), "ownerReferences");
  return std::any_of(owners.begin(), owners.end(), [&](const Json& owner) { return text_at(owner, "uid") == uid; });
}

bool is_observed(const Json& object) {
  return number_at(object_at(object, "status"), "observedGeneration", 0) >=
         number_at(metadata_of(object), "generation", 0);
}

Json as_new(Json object) {
  object.erase("status");
  for (const char* server_set : {"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields",
                                 "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "finalizers"})
    if (metadata_of(object).contains(server_set)) object["metadata"].erase(server_set);
  return object;
}

Json without_status(Json object) {
  object.erase("status");
  if (metadata_of(object).contains("managedFields")) object["metadata"].erase("managedFields");
  return object;
}

Json renamed(Json object, const std::string& name) {
  object.merge_patch({{"metadata", {{"name", name}}}});
  return object;
}

Json without_label(Json object, const std::string& key) {
  if (object_at(metadata_of(object), "labels").contains(key)) object["metadata"]["labels"].erase(key);
  return object;
}

}  // namespace ms2m
