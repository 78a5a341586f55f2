#include "undo/broker_operations.hpp"

#include <fmt/format.h>

#include "handover/queue_names.hpp"
#include "handover/waits.hpp"
#include "ms2m/error.hpp"

namespace ms2m {

void delete_queue(const Migrator::Ports& ports, const op::DeleteQueue& o, const StopToken& stop) {
  const auto depth = o.drained ? certain_depth(ports.broker, ports.admin, o.queue, stop) : std::nullopt;
  if (depth && depth->ready > 0)
    throw Error(ErrorKind::inconsistent, fmt::format("{} messages of the primary are still in it", depth->ready),
                "shovel them back to the primary queue before deleting it");
  ports.broker.delete_queue(o.queue, stop);
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
