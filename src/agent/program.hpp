// The node program as the agent starts it.
#pragma once
#include <string_view>

#include "agent/sessions.hpp"

namespace ms2m::agent {

/// Keeps it in memory, so that no file of it lies in the container or on the node; each start is one on the node
/// itself (node/program/in_host.hpp). Error{failed}.
Program program_in_host(std::string_view bytes);

}  // namespace ms2m::agent
