// How the program, started in a container of the node, comes to work on the node itself.
#pragma once
#include <string>

namespace ms2m::node {

/// Moves this process into the namespaces and the root directory of the node's first process, and out of the
/// container's control group, whose end would be its own. Before there is another thread. Needs the node's process
/// numbers (hostPID) and all privileges. Returns why it did not work; "": it did.
std::string enter_host();

}  // namespace ms2m::node
