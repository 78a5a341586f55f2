#include "undo/broker_operations.hpp"

#include <fmt/format.h>

#include "handover/queue_names.hpp"
#include "handover/waits.hpp"
#include "ms2m/error.hpp"
#include "undo/pod_operations.hpp"

namespace ms2m {

namespace {

/// Whoever had it to work off is gone, perhaps with messages in hand: they come back with its connection.
std::string give_back(const Migrator::Ports& ports, const op::DeleteQueue& o, const StopToken& stop) {
  const auto left = [](const QueueDepth& depth) { return depth.consumers == 0; };
  wait_for_certain_depth(
      ports, o.queue, left,
      fmt::format("waiting for the end of what pod {}/{} still consumes from {}", o.ns, o.pod, o.queue), stop);
  const auto moved = ports.broker.give_back(o.queue, o.primary, way_back_of(o.tee), stop);
  if (moved == 0) return "";
  return fmt::format(
      "{} messages that pod {}/{} had not finished when it ended are at the end of {} now, behind newer "
      "ones",
      moved, o.ns, o.pod, o.primary);
}

}  // namespace

std::string delete_queue(const Migrator::Ports& ports, const op::DeleteQueue& o, const StopToken& stop) {
  const auto depth = o.drained ? certain_depth(ports.broker, ports.admin, o.queue, stop) : std::nullopt;
  std::string said;
  if (depth && !o.pod.empty() && !is_pod(ports, o.ns, o.pod, o.uid, stop)) {
    said = give_back(ports, o, stop);
  } else if (depth && depth->ready > 0) {
    throw Error(ErrorKind::inconsistent, fmt::format("{} messages of the primary are still in it", depth->ready),
                "shovel them back to the primary queue before deleting it");
  }
  ports.broker.delete_queue(o.queue, stop);
  return said;
}

void delete_exchange(const Migrator::Ports& ports, const op::DeleteExchange& o, const StopToken& stop) {
  ports.broker.delete_exchange(o.exchange, stop);
  ports.broker.delete_exchange(way_back_of(o.exchange), stop);  // of a pump that ended while it put messages back
}

void delete_control_queue(const Migrator::Ports& ports, const op::DeleteControlQueue& o, const StopToken& stop) {
  // The pod of that name may be somebody else's by now (a StatefulSet's, say); then the queue is its.
  if (ports.cluster.get({Kind::pod, o.ns, o.pod}, stop)) return;
  ports.broker.delete_queue(o.queue, stop);
}

}  // namespace ms2m
