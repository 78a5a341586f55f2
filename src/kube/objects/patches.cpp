#include "kube/objects/patches.hpp"

#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"
#include "ms2m/node_restore.hpp"

namespace ms2m {
namespace {

Json annotation_patch(const char* name, const Json& value) {
  return {{"metadata", {{"annotations", {{name, value}}}}}};
}

}  // namespace

Json deletion_cost_of(const Json& pod) {
  const Labels annotations = annotations_of(pod);
  const auto cost = annotations.find(kDeletionCost);
  return cost == annotations.end() ? Json() : Json(cost->second);
}

Json deletion_cost_patch(const Json& cost) { return annotation_patch(kDeletionCost, cost); }

Json adoption_patch(const std::string& hash) {
  Json change = deletion_cost_patch(kHighestCost);
  change["metadata"]["labels"] = {{kTemplateHash, hash}};
  return change;
}

Json kick_patch(const std::string& when) { return annotation_patch(kKickAnnotation, when); }

Json strip_marks_patch() {
  Json change = annotation_patch(kKickAnnotation, nullptr);
  change["metadata"]["annotations"][kRestoreAnnotation] = nullptr;
  change["metadata"]["labels"] = {{kIdLabel, nullptr}};
  return change;
}

Json labels_patch(const Json& labels) { return {{"metadata", {{"labels", labels}}}}; }

Json replicas_patch(const std::string& uid, int replicas) {
  return {{"metadata", {{"uid", uid}}}, {"spec", {{"replicas", replicas}}}};
}

Json with_restore(Json pod, const std::string& mark) {
  pod["metadata"]["annotations"][kRestoreAnnotation] = mark;
  return pod;
}

Json bound_to(Json pod, const std::string& node) {
  pod["spec"]["nodeName"] = node;
  return pod;
}

}  // namespace ms2m
