// Which runtime a node has.
#pragma once
#include <memory>
#include <string>

#include "node/runtime/runtime.hpp"

namespace ms2m::node {

/// By what the node's status says, nodeInfo.containerRuntimeVersion: "cri-o://1.34.1"; nothing said is CRI-O, too.
/// nullptr: a runtime whose store is not known here.
std::unique_ptr<NodeRuntime> choose_runtime(const std::string& version, const RuntimePlace& place);

}  // namespace ms2m::node
