#include "undo/broker_operations.hpp"

#include <fmt/format.h>

#include "handover/queue_names.hpp"
#include "handover/waits.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "undo/pod_operations.hpp"

namespace ms2m {

namespace {

/// Whether its pod is no more at all: one that is ending may have stopped to consume, and finish what it has in hand.
bool pod_removed(const Migrator::Ports& ports, const op::DeleteQueue& o, const StopToken& stop) {
  const auto pod = ports.cluster.get({Kind::pod, o.ns, o.pod}, stop);
  return !pod || (!o.uid.empty() && pod_uid(*pod) != o.uid) || pod_is_over(*pod);
}

/// Whoever had it to work off is gone, perhaps with messages in hand: they come back with its connection.
std::string give_back(const Migrator::Ports& ports, const op::DeleteQueue& o, const StopToken& stop) {
  for (;; stop.sleep(Millis{50}, fmt::format("waiting for pod {}/{} to have nothing of {} in hand any more", o.ns,
                                             o.pod, o.queue))) {
    const auto depth = certain_depth(ports.broker, ports.admin, o.queue, stop);
    if (!depth) return "";
    if (depth->consumers > 0) continue;
    const auto totals = totals_if_told(ports.admin, o.queue, stop);
    if (totals && totals->unacked == 0 && totals->ready == 0) return "";
    if (totals ? totals->unacked == 0 : pod_removed(ports, o, stop)) break;
  }
  const auto moved = ports.broker.give_back(o.queue, o.primary, way_back_of(o.tee), stop);
  if (moved == 0) return "";
  return fmt::format(
      "{} messages that pod {}/{} had not finished when it ended are at the end of {} now, behind newer ones", moved,
      o.ns, o.pod, o.primary);
}

}  // namespace

std::string delete_queue(const Migrator::Ports& ports, const op::DeleteQueue& o, const StopToken& stop) {
  const auto depth = o.drained ? certain_depth(ports.broker, ports.admin, o.queue, stop) : std::nullopt;
  std::string said;
  if (depth && !o.pod.empty() && !pod_lives(ports, o.ns, o.pod, o.uid, stop)) {
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
