#include "kube/objects/lease.hpp"

#include <algorithm>

#include "base/rfc3339.hpp"
#include "base/fields.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"

namespace ms2m {
namespace {

constexpr const char *kPhase = "ms2m.io/phase", *kTargetPod = "ms2m.io/target-pod",
                     *kTargetNode = "ms2m.io/target-node", *kQueue = "ms2m.io/queue";

constexpr int kLasts = 3600;  ///< seconds

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
       {{"holderIdentity", lease.holder}, {"acquireTime", now}, {"renewTime", now}, {"leaseDurationSeconds", kLasts}}}};
}

bool is_left(const Json& object, const std::string& now) {
  const Json spec = object_at(object, "spec");
  const auto since = seconds_since_1970(text_at(spec, "acquireTime")), then = seconds_since_1970(now);
  const auto renewed = seconds_since_1970(text_at(spec, "renewTime"));
  return since && then && *then - std::max(*since, renewed.value_or(*since)) >= kLasts;
}

Json lease_phase_patch(const std::string& phase) { return {{"metadata", {{"annotations", {{kPhase, phase}}}}}}; }

std::string to_string(const Lease& lease) { return or_unknown(lease.holder) + ", phase " + lease.phase; }

}  // namespace ms2m
