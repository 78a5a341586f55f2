#include "kube/objects/drainable.hpp"

#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"

namespace ms2m {

std::string why_it_stays(const Json& pod) {
  if (annotations_of(pod).count("kubernetes.io/config.mirror") != 0) return "the node's own, from a file there";
  const auto owner = controller_of(pod);
  if (owner && owner->kind == "DaemonSet") return "of DaemonSet " + owner->name + ": every node has one";
  if (owner && owner->kind == "Node") return "the node's own";
  if (is_terminating(pod)) return "it is being deleted";
  if (const std::string phase = pod_phase(pod); phase == "Succeeded" || phase == "Failed") return "it has ended";
  return "";
}

Json cordon_patch() { return {{"spec", {{"unschedulable", true}}}}; }

}  // namespace ms2m
