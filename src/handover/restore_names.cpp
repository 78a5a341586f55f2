#include "handover/restore_names.hpp"

#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"
#include "ms2m/node_restore.hpp"

namespace ms2m {

PreparedRestore restore_of(const Json& pod) {
  const Labels annotations = annotations_of(pod);
  const auto found = annotations.find(kRestoreAnnotation);
  return {pod_node(pod), found == annotations.end() ? "" : found->second.substr(0, found->second.find('/'))};
}

std::string again(const std::string& id) { return id + "-again-"; }

}  // namespace ms2m
