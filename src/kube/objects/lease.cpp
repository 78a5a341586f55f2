#include "kube/objects/lease.hpp"

#include "kube/objects/fields.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"

namespace ms2m {
namespace {

constexpr const char *kPhase = "ms2m.io/phase", *kTargetPod = "ms2m.io/target-pod",
                     *kTargetNode = "ms2m.io/target-node", *kQueue = "ms2m.io/queue";

std::string or_unknown(const std::string& text) { return text.empty() ? "?" : text; }

}  // namespace

Lease parse_lease(const Json& object) {
  const Labels annotations = annotations_of(object);
  const auto said = [&](const char* key) {
    const auto found = annotations.find(key);
    return found == annotations.end() ? "" : found->second;
  };
  const Json spec = object_at(object, "spec");
  return {pod_uid(object),
          migration_of(object),
          text_at(spec, "holderIdentity"),
          or_unknown(said(kPhase)),
          said(kTargetPod),
          said(kTargetNode),
          said(kQueue),
          text_at(spec, "acquireTime")};
}

Json make_lease(const std::string& ns, const std::string& name, const Lease& lease, const std::string& now) {
  return {
      {"apiVersion", "coordination.k8s.io/v1"},
      {"kind", "Lease"},
      {"metadata",
       {{"name", name},
        {"namespace", ns},
        {"labels", {{kIdLabel, lease.migration}}},
        {"annotations",
         {{kPhase, lease.phase},
          {kTargetPod, lease.target_pod},
          {kTargetNode, lease.target_node},
          {kQueue, lease.queue}}}}},
      {"spec",
       {{"holderIdentity", lease.holder}, {"acquireTime", now}, {"renewTime", now}, {"leaseDurationSeconds", 3600}}}};
}

Json lease_phase_patch(const std::string& phase) { return {{"metadata", {{"annotations", {{kPhase, phase}}}}}}; }

std::string to_string(const Lease& lease) { return or_unknown(lease.holder) + ", phase " + lease.phase; }

}  // namespace ms2m
