// The node that is emptied takes no new pods.
#pragma once
#include <string>

#include "cli/session.hpp"

namespace ms2m::cli {

/// Blocks for at most half a minute. Cancelled: it is not cordoned; one that a stop came too late for is. Error: as
/// Cluster::patch(); one that leaves open whether it is cordoned says so.
void cordon_node(const Context& context, Cluster& cluster, const std::string& node);

}  // namespace ms2m::cli
