// Programs of a node, and what they say.
#pragma once
#include <string>
#include <vector>

#include "ms2m/stop.hpp"

namespace ms2m::node {

/// Path of a program; "" when there is none. Directories that a runtime's packages have for programs of their own come
/// before PATH. `system` goes before those.
std::string find_program(const std::string& system, const std::string& name);
/// Its output; "" when it gave none within five seconds, or failed and `well` was asked for. Throws Cancelled.
std::string tool_output(const std::vector<std::string>& argv, bool well, const StopToken& stop);

}  // namespace ms2m::node
