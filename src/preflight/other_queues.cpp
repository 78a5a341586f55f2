// A process whose state comes from more than one queue.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "kube/objects/pod_state.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {

void check_other_queues(const QueueFacts& queue, const Json& pod, const MigrationRequest& request,
                        std::vector<Finding>& out) {
  // A pod on the host's network shares the node's addresses with others.
  const std::vector<std::string> addresses = own_addresses_of(pod);
  const auto at_the_pod = [&](const auto& consumer) {
    return std::find(addresses.begin(), addresses.end(), consumer.peer_host) != addresses.end();
  };
  // Behind an address translation nobody is seen at the pod's address: then any consumer of the queue may be the pod.
  const bool seen = std::any_of(queue.consumers.begin(), queue.consumers.end(), at_the_pod);
  std::set<std::string> connections, others;
  for (const QueueConsumer& each : queue.consumers)
    if (!each.connection.empty() && (!seen || at_the_pod(each))) connections.insert(each.connection);
  for (const OtherConsumer& each : queue.elsewhere)
    if (!each.queue.starts_with("ms2m.") && (connections.count(each.connection) != 0 || at_the_pod(each)))
      others.insert(each.queue);
  if (others.empty()) return;
  const std::string takes = fmt::format("the process that consumes {} takes messages from {} too: what it ",
                                        request.queue, fmt::join(others, ", "));
  const bool fresh = request.strategy == Strategy::replay && request.from != kFromCheckpoint;
  if (request.allow_other_queues)
    return out.push_back({"other-queues", Level::warning,
                          takes + (fresh ? "took from there is not in the stream, and its target does not know it"
                                         : "takes from there after the checkpoint, its copy does not know"),
                          ""});
  refuse(
      out, "other-queues",
      takes + (fresh ? "took from there is not in the stream, and would be lost with it"
                     : "takes from there after the checkpoint would be lost with it"),
      "let a process of its own consume the other one, or, when what comes from there leaves no state, allow it with "
      "--allow-other-queues");
}

}  // namespace ms2m
