// The RuntimeClass of the handler: one per cluster, which says which nodes have it.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "kube/objects/runtime_class.hpp"
#include "ms2m/cluster.hpp"

namespace ms2m::cli {

struct HandlerClass {
  std::optional<Json> object;  ///< as stored; nullopt: there is none
  RuntimeClass now;
};

/// Error{refused}: it is somebody else's.
HandlerClass read_handler_class(Cluster& cluster, const StopToken& stop);

/// "created", "changed", "removed" or "unchanged": what makes it say these nodes; none: it goes.
std::string class_change(const HandlerClass& handler, const std::vector<std::string>& nodes);
/// Does that. Error{conflict}: somebody else has changed it meanwhile.
void write_handler_class(Cluster& cluster, const HandlerClass& handler, const std::vector<std::string>& nodes,
                         const StopToken& stop);

/// Pods that use it, "<namespace>/<name> on <node>": those on `nodes`, or all of them.
std::vector<std::string> pods_with_handler(Cluster& cluster, const std::vector<std::string>& nodes, bool all,
                                           const StopToken& stop);

}  // namespace ms2m::cli
