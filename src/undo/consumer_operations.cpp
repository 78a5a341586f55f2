#include "undo/consumer_operations.hpp"

#include <optional>
#include <utility>

#include "handover/arrival.hpp"
#include "handover/queue_names.hpp"
#include "handover/relay_drain.hpp"
#include "handover/waits.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "undo/hand_over.hpp"
#include "undo/pod_operations.hpp"

namespace ms2m {
namespace {

/// Shadow: what was relayed to the source must be worked off before it goes back to the primary.
void drain_relay(const Migrator::Ports& ports, const op::ResumeSource& o, const StopToken& stop) {
  RelayDrainSpec spec{o.relay_queue, o.control_queue, o.hold_queue, "source", ""};
  bool told = true;
  spec.outstanding = [&ports, &told, queue = spec.queue](const StopToken& limit) -> std::optional<std::uint64_t> {
    if (!told) return std::nullopt;  // there is no management API, which may take its time to say so
    const auto totals = totals_if_told(ports.admin, queue, limit);
    told = totals.has_value();
    if (!totals) return std::nullopt;
    return totals->ready + totals->unacked;
  };
  spec.arrived = [&](const StopToken& limit) {
    const auto there = ports.broker.depth(o.hold_queue, limit);
    return !there || there->consumers > 0 || source_at_work(ports, o).there(limit);
  };
  RelayDrain source(ports.broker, std::move(spec));
  while (!source.finished(stop)) stop.sleep(Millis{20}, "waiting for the source to finish its queue");
}

/// A copy that has come to the primary by itself is not the source at work.
std::vector<std::string> copy_addresses(const Migrator::Ports& ports, const op::ResumeSource& o,
                                        const StopToken& stop) {
  if (o.copy.empty() || o.copy == o.pod) return {};
  try {
    const auto copy = ports.cluster.get({Kind::pod, o.ns, o.copy}, stop.within(std::chrono::seconds(10)));
    return copy ? own_addresses_of(*copy) : std::vector<std::string>{};
  } catch (const Error&) {
    return {};  // as far as it can be told
  }
}

/// Whoever has its name now (a StatefulSet's next) has its control queue, too. What that one has not read, it does not
/// read any more.
bool another_obeys(const Migrator::Ports& ports, const op::ResumeSource& o, const StopToken& stop) {
  if (o.copy == o.pod || !pod_may_live(ports, o.ns, o.pod, "", stop)) return false;  // that one is the copy
  ports.broker.purge_queue(o.control_queue, stop);
  for (const std::string& each : {o.hold_queue, o.relay_queue})
    if (!each.empty() && ports.broker.depth(each, stop).value_or(QueueDepth{}).consumers > 0) return true;
  return false;
}

}  // namespace

AtWork source_at_work(const Migrator::Ports& ports, const op::ResumeSource& o) {
  return {ports.broker, ports.admin, o.queue, o.others, o.addresses};
}

void resume_source(const Migrator::Ports& ports, const op::ResumeSource& told, const StopToken& stop) {
  op::ResumeSource o = told;
  const std::string &queue = o.queue, &control = o.control_queue;
  if (!pod_may_live(ports, o.ns, o.pod, o.uid, stop)) {
    if (!another_obeys(ports, o, stop)) return;  // nobody to send back
    o.addresses.clear();                         // they were the source's
  }
  // A START_REPLAY that was not read yet must not be read after this.
  ports.broker.purge_queue(control, stop);
  if (!o.relay_queue.empty()) drain_relay(ports, o, stop);
  ports.broker.publish({"", control, end_replay("source", ""), "application/json", ""}, stop);
  Peers copy(ports.admin, copy_addresses(ports, o, stop));
  AtWork source = source_at_work(ports, o);
  wait_for_depth(
      ports.broker, queue,
      [&](const QueueDepth& d) {
        if (source.by_name()) return source.there(stop);
        return d.consumers > o.others && d.consumers > o.others + copy.consumers_of(queue, stop);
      },
      "waiting for the source to consume " + queue, stop);
}

/// Sent even when the pivot has sent it: a copy whose container started again since listens to the hold queue once
/// more.
void resume_target(const Migrator::Ports& ports, const op::ResumeTarget& o, const StopToken& stop) {
  const HandOver what = hand_over_of(o);
  if (ArrivalWatch(ports.broker, ports.admin, what.arrival).there(stop)) return;
  if (what.only_that_instance) check_instance(what, ports.cluster.get(what.target, stop));
  // The pivot has sent one. As long as that is unread a second would hide that it was taken (command_unread()).
  const bool unread =
      !o.instance.empty() && ports.broker.depth(what.arrival.control, stop).value_or(QueueDepth{}).ready > 0;
  if (!unread) ports.broker.publish({"", what.arrival.control, what.message, "application/json", ""}, stop);
  await_service(ports.cluster, ports.broker, ports.admin, what, stop);
}

}  // namespace ms2m
