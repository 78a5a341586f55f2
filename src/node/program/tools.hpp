// What NodeTools says, read here.
#pragma once
#include <string>

#include "node/program/roots.hpp"
#include "node/protocol/messages.hpp"

namespace ms2m::node {

/// Changes nothing. Directories that a runtime's packages have for programs of their own come before PATH.
/// Programs that do not answer within five seconds did not. `container_id` may be empty. Throws Cancelled.
NodeTools look_at_tools(const Roots& roots, const std::string& container_id, const StopToken& stop);

}  // namespace ms2m::node
