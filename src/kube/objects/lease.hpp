// The Lease that keeps a second migration of a pod away and shows who is at it. Pure.
#pragma once
#include <string>

#include "ms2m/json.hpp"

namespace ms2m {

struct Lease {
  std::string uid;
  std::string migration;  ///< its id; empty: not one of ms2m's
  std::string holder;     ///< "root@host pid 17 (m7k2q9)"
  std::string phase;      ///< of the migration; "?": it does not say
  // What the migration is; empty: it does not say.
  std::string target_pod{}, target_node{}, queue{};
  std::string since{};  ///< RFC 3339, UTC, of the clock of who holds it; make_lease() is told it beside it
};
Lease parse_lease(const Json& object);
/// `now`: with six digits after the second, as the API wants it.
Json make_lease(const std::string& ns, const std::string& name, const Lease& lease, const std::string& now);
/// Nobody has taken or renewed it for as long as it was to last; `now` in RFC 3339, UTC. False also when it does not
/// say since when it is held.
bool is_left(const Json& object, const std::string& now);
Json lease_phase_patch(const std::string& phase);
/// "root@host pid 17 (m7k2q9), phase Restoring"
std::string to_string(const Lease& lease);

}  // namespace ms2m
