#include "kube/objects/lease.hpp"

#include "kube/objects/fields.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"

namespace ms2m {
namespace {

constexpr const char* kPhase = "ms2m.io/phase";

std::string or_unknown(const std::string& text) { return text.empty() ? "?" : text; }

}  // namespace

Lease parse_lease(const Json& object) {
  const Labels annotations = annotations_of(object);
  const auto phase = annotations.find(kPhase);
  return {pod_uid(object), migration_of(object), text_at(object_at(object, "spec"), "holderIdentity"),
          phase == annotations.end() ? "?" : phase->second};
}

Json make_lease(const std::string& ns, const std::string& name, const Lease& lease, const std::string& now) {
  return {
      {"apiVersion", "coordination.k8s.io/v1"},
      {"kind", "Lease"},
      {"metadata",
       {{"name", name},
        {"namespace", ns},
        {"labels", {{kIdLabel, lease.migration}}},
        {"annotations", {{kPhase, lease.phase}}}}},
      {"spec",
       {{"holderIdentity", lease.holder}, {"acquireTime", now}, {"renewTime", now}, {"leaseDurationSeconds", 3600}}}};
}

Json lease_phase_patch(const std::string& phase) { return {{"metadata", {{"annotations", {{kPhase, phase}}}}}}; }

std::string to_string(const Lease& lease) { return or_unknown(lease.holder) + ", phase " + lease.phase; }

}  // namespace ms2m
