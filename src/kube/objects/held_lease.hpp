// What is written to a lease only as long as it is the one that was read. Pure.
#pragma once
#include "kube/objects/lease.hpp"

namespace ms2m {

/// As lease_phase_patch(); another lease of the same name refuses it.
Json held_lease_phase_patch(const Lease& lease, const std::string& phase);

}  // namespace ms2m
