// The program on the node that ms2m itself runs on, in a container there.
#pragma once
#include <string>

#include "ms2m/stop.hpp"
#include "node/session/line.hpp"
#include "node/session/node_program.hpp"

namespace ms2m::node {

/// Starts it on the node itself (node/program/in_host.hpp). Blocks. Error{failed, refused, timeout}.
Link open_local_link(const std::string& node, const NodeProgram& program, const StopToken& stop);

}  // namespace ms2m::node
