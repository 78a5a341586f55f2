// Whether the checkpoint can go from node to node.
#include <fmt/format.h>

#include "plan/facts.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {

void check_way(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  if (!facts.direct) return;  // it is not asked for, or the nodes could not be asked
  const std::string from = pod_node(facts.pod);
  if (facts.direct->why.empty())
    return out.push_back(
        {"ssh-path", Level::ok,
         fmt::format("node {} reaches node {}: the checkpoint goes from one to the other", from, request.target_node),
         ""});
  out.push_back({"ssh-path", Level::warning,
                 fmt::format("the checkpoint goes through ms2m, because node {} does not reach node {}: {}", from,
                             request.target_node, facts.direct->why),
                 "let TCP connections from one node to the other through, or use --ssh-path relay"});
}

}  // namespace ms2m
