// Programs of the node, called by their arguments; no shell.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ms2m/error.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m::node {

using Environment = std::vector<std::pair<std::string, std::string>>;

/// nullopt: there is no such program. Its group ends with `stop`: Cancelled.
std::optional<posix::RunResult> run_tool(const std::vector<std::string>& argv, const StopToken& stop,
                                         const Environment& environment = {});
/// "<doing> on node <node>: <what it said last>", cut to what the tool means, with a remedy when the disk is full.
Error tool_error(const std::string& doing, const std::string& node, const posix::RunResult& result);

}  // namespace ms2m::node
