// Findings about a consumer that knows no control protocol: what the valve and the freeze need (strategy/valve.cpp).
#include <fmt/format.h>

#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "plan/facts.hpp"
#include "preflight/preflight.hpp"

namespace ms2m {
namespace {

constexpr const char* kFollow = "let the consumer follow ms2m-protocol(7)";

void check_queue(const QueueFacts& queue, const std::string& name, std::vector<Finding>& out) {
  if (queue.type != "classic" && queue.type != "stream")
    refuse(out, "protocol",
           fmt::format("{} is a {} queue: the broker's counts of it are seconds old, so that it cannot be told when "
                       "the consumer is quiet",
                       name, queue.type),
           kFollow);
  if (is_single_active(queue))
    refuse(out, "protocol", fmt::format("{} has a single active consumer: the valve would never become it", name),
           kFollow);
}

void check_peer(const Facts& facts, const QueueConsumer& consumer, std::vector<Finding>& out) {
  const std::vector<std::string> addresses = addresses_of(facts.pod);
  if (addresses.empty() || consumer.peer_host.empty() || consumer.peer_host == addresses.front()) return;
  out.push_back({"consumers", Level::warning,
                 fmt::format("the consumer of the queue connects from {}, and pod {} has the address {}",
                             consumer.peer_host, name_of(facts.pod), addresses.front()),
                 "make sure that it is this pod's, behind an address translation"});
}

}  // namespace

void check_behind_valve(const Facts& facts, const MigrationRequest& request, std::vector<Finding>& out) {
  if (!facts.depth || !facts.queue) return;  // said by check_broker()
  if (facts.depth->consumers > 1)
    refuse(out, "consumers",
           fmt::format("queue {} has {} consumers: which of them has acknowledged what cannot be told apart",
                       request.queue, facts.depth->consumers),
           "scale to one consumer");
  check_queue(*facts.queue, request.queue, out);
  if (facts.depth->consumers == 1 && facts.queue->consumers.size() == 1)
    check_peer(facts, facts.queue->consumers.front(), out);
}

}  // namespace ms2m
