#include "kube/objects/held_lease.hpp"

namespace ms2m {

Json held_lease_phase_patch(const Lease& lease, const std::string& phase) {
  Json patch = lease_phase_patch(phase);
  patch["metadata"]["uid"] = lease.uid;
  return patch;
}

}  // namespace ms2m
