// A node's program behind the agent on that node: requests and answers in place of a pipe (agent_paths.hpp).
#pragma once
#include <string>

#include "ms2m/stop.hpp"
#include "node/session/agent_request.hpp"
#include "node/session/line.hpp"

namespace ms2m::node {

/// Has the agent start the program. The line ends with this process: the agent ends what nobody asks for. What is not
/// answered is asked again for `silence`, then the line ends with the last cause. Errors: the request's, {refused} when
/// the agent is of another version, {timeout}.
Link open_agent_link(const std::string& node, AgentRequest request, const AgentTerms& terms, const StopToken& stop);

}  // namespace ms2m::node
