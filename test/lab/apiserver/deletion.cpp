#include "deletion.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "values.hpp"

namespace ms2m::lab {

namespace {
void check_preconditions(const ResourceType& type, const Json& object, const DeleteOptions& options) {
  const GroupResource kind{type.group, type.kind};
  if (!options.uid.empty() && options.uid != uid_of(object))
    throw conflict(kind, name_of(object),
                   fmt::format("the UID in the precondition ({}) does not match the UID in record ({}). The object "
                               "might have been deleted and then recreated",
                               options.uid, uid_of(object)));
  const std::string version = text(object, {"metadata", "resourceVersion"});
  if (!options.resource_version.empty() && options.resource_version != version)
    throw conflict(kind, name_of(object),
                   fmt::format("the ResourceVersion in the precondition ({}) does not match the ResourceVersion in "
                               "record ({}). The object might have been modified",
                               options.resource_version, version));
}

std::int64_t grace_for(const Json& pod, const DeleteOptions& options) {
  const std::string phase = text(pod, {"status", "phase"});
  if (text(pod, {"spec", "nodeName"}).empty() || phase == "Succeeded" || phase == "Failed") return 0;
  const std::int64_t own = number(pod, {"spec", "terminationGracePeriodSeconds"}, 30);
  return std::max<std::int64_t>(0, options.grace_seconds.value_or(own));
}

void mark_deleted(Json& object, std::int64_t grace) {
  Json& metadata = object["metadata"];
  metadata["deletionTimestamp"] = rfc3339(std::chrono::system_clock::now() + std::chrono::seconds(grace));
  metadata["deletionGracePeriodSeconds"] = grace;
}

void mark_pod(Json& pod, const DeleteOptions& options) {
  const std::int64_t grace = grace_for(pod, options);
  // A second deletion can only shorten the grace period.
  if (is_deleting(pod) && grace >= number(pod, {"metadata", "deletionGracePeriodSeconds"})) return;
  mark_deleted(pod, grace);
}

void mark_other(Json& object, const DeleteOptions& options) {
  if (is_deleting(object)) return;
  Json& finalizers = object["metadata"]["finalizers"];
  if (!finalizers.is_array()) finalizers = Json::array();
  for (const char* own : {"orphan", "foregroundDeletion"})
    finalizers.erase(std::remove(finalizers.begin(), finalizers.end(), Json(own)), finalizers.end());
  if (options.propagation == "Orphan") finalizers.push_back("orphan");
  if (options.propagation == "Foreground") finalizers.push_back("foregroundDeletion");
  if (finalizers.empty()) object["metadata"].erase("finalizers");
  if (text(object, {"kind"}) == "Namespace") object["metadata"]["finalizers"] = Json::array({"kubernetes"});
  mark_deleted(object, 0);
}
}  // namespace

Deleted delete_object(Store& store, const ResourceType& type, const std::string& space, const std::string& name,
                      const DeleteOptions& options) {
  Deleted result;
  result.object = store.update(type, space, name, [&](Json& object) {
    check_preconditions(type, object, options);
    if (type.plural == "pods")
      mark_pod(object, options);
    else
      mark_other(object, options);
    if (type.plural == "namespaces") object["status"]["phase"] = "Terminating";
  });
  const ObjectPtr now = store.find(type, space, name);
  result.gone = !now || uid_of(*now) != uid_of(*result.object);
  return result;
}

}  // namespace ms2m::lab
