// What is written to a lease only as long as it is the one that was read. Pure.
#pragma once
#include <optional>
#include <string>

#include "kube/objects/lease.hpp"

namespace ms2m {

/// Renews it, and says a phase where there is one; another lease of the same name refuses it. `now` as make_lease()'s.
Json held_lease_patch(const Lease& lease, const std::optional<std::string>& phase, const std::string& now);

}  // namespace ms2m
