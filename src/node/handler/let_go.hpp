// Processes that outlive who they were started for.
#pragma once
#include <vector>

namespace ms2m::node {

/// Whoever reads what a program writes waits for its end, not for ours: 0, 1 and 2 are /dev/null from now on, and every
/// other descriptor but these is closed.
void let_go_of_all_but(std::vector<int> kept);

}  // namespace ms2m::node
