#include "cli/runtime_class.hpp"

#include <algorithm>

#include "kube/objects/object.hpp"
#include "ms2m/node_setup.hpp"

namespace ms2m::cli {
namespace {

const ObjectRef& class_ref() {
  static const ObjectRef ref{Kind::runtime_class, "", kHandlerName};
  return ref;
}

}  // namespace

HandlerClass read_handler_class(Cluster& cluster, const StopToken& stop) {
  HandlerClass found{cluster.get(class_ref(), stop), {}};
  if (!found.object) return found;
  found.now = parse_runtime_class(*found.object);
  if (!found.now.ours)
    throw Error(ErrorKind::refused, std::string("RuntimeClass ") + kHandlerName + " is not ms2m's",
                "remove it from the cluster, if nobody needs it");
  return found;
}

std::string class_change(const HandlerClass& handler, const std::vector<std::string>& nodes) {
  if (!handler.object) return nodes.empty() ? "unchanged" : "created";
  if (nodes.empty() && !handler.now.of_agents) return "removed";
  return nodes == handler.now.nodes ? "unchanged" : "changed";
}

void write_handler_class(Cluster& cluster, const HandlerClass& handler, const std::vector<std::string>& nodes,
                         const StopToken& stop) {
  const std::string change = class_change(handler, nodes);
  if (change == "removed")
    cluster.remove(class_ref(), {handler.now.uid, std::nullopt, ""}, stop);
  else if (change == "created")
    cluster.create(class_ref(), make_runtime_class(nodes), {}, stop);
  else if (change == "changed")
    cluster.update(class_ref(), with_nodes(*handler.object, nodes), stop);
}

std::vector<std::string> pods_with_handler(Cluster& cluster, const std::vector<std::string>& nodes, bool all,
                                           const StopToken& stop) {
  std::vector<std::string> found;
  for (const Json& pod : cluster.list(Kind::pod, "", "", "", stop)) {
    const std::string node = pod_node(pod);
    if (runtime_class_of(pod) != kHandlerName) continue;
    if (!all && std::find(nodes.begin(), nodes.end(), node) == nodes.end()) continue;
    found.push_back(namespace_of(pod) + "/" + name_of(pod) + (node.empty() ? "" : " on " + node));
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace ms2m::cli
