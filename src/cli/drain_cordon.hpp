// The node that is emptied takes no new pods.
#pragma once
#include <string>

#include "cli/session.hpp"

namespace ms2m::cli {

/// Blocks for at most half a minute, and two seconds more to find out what came of a request that was given up. False:
/// nobody can say whether it is cordoned; a warning has told so. Cancelled, Error, as Cluster::patch(): it is not.
bool cordon_node(const Context& context, Cluster& cluster, const std::string& node);

}  // namespace ms2m::cli
