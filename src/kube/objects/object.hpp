// What every object of Kubernetes has. Pure.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/cluster.hpp"
#include "ms2m/json.hpp"

namespace ms2m {

/// Labels, or annotations.
using Labels = std::map<std::string, std::string>;

/// Empty when the object does not say.
std::string name_of(const Json& object);
std::string namespace_of(const Json& object);
std::string pod_uid(const Json& object);
std::string pod_node(const Json& object);
ObjectRef ref_of(Kind kind, const Json& object);

Labels labels_of(const Json& object);
Labels annotations_of(const Json& object);
/// Empty: it has no such label.
std::string label_of(const Json& object, const std::string& key);
std::vector<std::string> finalizers_of(const Json& object);

struct Owner {
  std::string kind, name, uid;
};
/// Who controls the object; nullopt: nobody.
std::optional<Owner> controller_of(const Json& object);
/// Whether that is a StatefulSet.
bool in_a_set(const Json& pod);
/// Whoever it belongs to, controlling or not.
bool is_owned(const Json& object);
bool is_owned_by(const Json& object, const std::string& uid);

/// Its controller has seen the object as it is now.
bool is_observed(const Json& object);

/// The object without what the API server wrote, so that it can be created anew.
Json as_new(Json object);
/// Without its status, and who wrote which field: what is worth remembering.
Json without_status(Json object);
Json renamed(Json object, const std::string& name);
Json without_label(Json object, const std::string& key);

}  // namespace ms2m
