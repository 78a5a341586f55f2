#include "kube/objects/held_lease.hpp"

namespace ms2m {

Json held_lease_patch(const Lease& lease, const std::optional<std::string>& phase, const std::string& now) {
  Json patch = phase ? lease_phase_patch(*phase) : Json::object();
  patch["metadata"]["uid"] = lease.uid;
  patch["spec"]["renewTime"] = now;
  return patch;
}

}  // namespace ms2m
