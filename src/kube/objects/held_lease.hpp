// How a lease is renewed, and when it is left. Pure.
#pragma once
#include <optional>
#include <string>

#include "kube/objects/lease.hpp"

namespace ms2m {

/// Renews it, and says a phase where there is one; another lease of the same name refuses it. `now` as make_lease()'s.
Json held_lease_patch(const Lease& lease, const std::optional<std::string>& phase, const std::string& now);
/// Nobody has taken or renewed it for as long as it was to last; `now` in RFC 3339, UTC. False also when it does not
/// say since when it is held.
bool is_left(const Json& object, const std::string& now);

}  // namespace ms2m
