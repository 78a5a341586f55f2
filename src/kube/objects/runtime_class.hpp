// The RuntimeClass of ms2m's handler, which says which nodes have it. Pure.
#pragma once
#include <string>
#include <vector>

#include "ms2m/json.hpp"

namespace ms2m {

struct RuntimeClass {
  std::string uid, handler;
  bool ours = false;
  bool of_agents = false;          ///< of the agents' manifest: it stays, whatever `nodes` says
  std::vector<std::string> nodes;  ///< that got the handler by `ms2m node setup`; sorted
};
RuntimeClass parse_runtime_class(const Json& object);
Json make_runtime_class(const std::vector<std::string>& nodes);
/// As it was read, but for the nodes: who has changed it meanwhile is not overwritten.
Json with_nodes(Json object, const std::vector<std::string>& nodes);
/// Of a pod; "": it names none.
std::string runtime_class_of(const Json& pod);

}  // namespace ms2m
