#include "kube/objects/held_lease.hpp"

#include "kube/objects/fields.hpp"

namespace ms2m {

Json held_lease_patch(const Lease& lease, const std::optional<std::string>& phase, const std::string& now) {
  Json patch = phase ? lease_phase_patch(*phase) : Json::object();
  patch["metadata"]["uid"] = lease.uid;
  patch["spec"]["renewTime"] = now;
  return patch;
}

bool is_left(const Json& object, const std::string& now) {
  Lease lease = parse_lease(object);
  if (!is_expired(lease, now)) return false;
  const std::string renewed = text_at(object_at(object, "spec"), "renewTime");
  if (!renewed.empty()) lease.since = renewed;
  return is_expired(lease, now);
}

}  // namespace ms2m
