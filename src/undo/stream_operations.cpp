#include "undo/stream_operations.hpp"

#include <fmt/format.h>

#include "handover/arrival.hpp"
#include "handover/consumer_status.hpp"
#include "handover/queue_names.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "undo/pod_operations.hpp"

namespace ms2m {
namespace {

constexpr Millis kLook{20};
/// Between two commands to one that answers and has not obeyed: it may be in the middle of a message.
constexpr std::chrono::seconds kSayAgain{5};

/// A broker that says nothing is not a target that says nothing.
void check_reachable(Broker& broker, const std::string& control_queue, const StopToken& stop) {
  const StopToken limit = stop.within(std::chrono::seconds(5));
  try {
    broker.depth(control_queue, limit);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout) throw;
    throw Error(ErrorKind::unavailable, "the broker does not answer: " + error.message());
  }
}

/// What a consumer was sent and has not taken. One that acknowledges START_REPLAY only at the next command
/// (ms2m-protocol(7)) and has lost its connection has that one there again. nullopt: there is no such queue any more,
/// and nobody knows.
std::optional<bool> has_commands(Broker& broker, const std::string& control_queue, const StopToken& stop) {
  const auto depth = broker.depth(control_queue, stop);
  return depth ? std::optional(depth->ready > 0) : std::nullopt;
}

/// A restored copy that was not sent on yet is there, too, until it is removed.
bool left_hold(const Migrator::Ports& ports, const op::ResumeStream& o, const StopToken& stop) {
  const std::uint64_t consumers = ports.broker.depth(o.hold, stop).value_or(QueueDepth{}).consumers;
  if (consumers != 1) return consumers == 0;
  const auto copy = ports.cluster.get({Kind::pod, o.ns, o.copy}, stop);
  return copy && Peers(ports.admin, own_addresses_of(*copy)).named(o.hold, stop) > 0;
}

}  // namespace

std::optional<bool> serves_stream(Broker& broker, const op::ServeStream& o, const StopToken& stop) {
  if (o.silent) {
    const auto has = has_commands(broker, o.control_queue, stop);
    return has ? std::optional(!*has) : std::nullopt;
  }
  const auto status = ask_status(broker, o.control_queue, stop);
  return status ? std::optional(status->serves(o.queue)) : std::nullopt;
}

bool reads_stream(const Migrator::Ports& ports, const op::ResumeStream& o, const StopToken& stop) {
  if (!o.hold.empty()) return left_hold(ports, o, stop) && has_commands(ports.broker, o.control_queue, stop) == false;
  const auto status = ask_status(ports.broker, o.control_queue, stop);
  return status && status->serves(o.queue);
}

void resume_stream(const Migrator::Ports& ports, const op::ResumeStream& o, const StopToken& stop) {
  if (!pod_may_live(ports, o.ns, o.pod, o.uid, stop)) return;  // nobody to send back
  // A START_REPLAY that was not read yet must not be read after this.
  ports.broker.purge_queue(o.control_queue, stop);
  for (TimePoint again;; stop.sleep(kLook, "waiting for the source to go on in " + o.queue)) {
    if (Clock::now() >= again) {
      ports.broker.publish({"", o.control_queue, end_replay("source", ""), "application/json", ""}, stop);
      again = Clock::now() + kSayAgain;
    }
    if (reads_stream(ports, o, stop)) return;
    if (!pod_may_live(ports, o.ns, o.pod, o.uid, stop)) return;
  }
}

void await_stream_served(Cluster& cluster, Broker& broker, const op::ServeStream& o, const StopToken& given) {
  const StopToken stop =
      o.limit.count() > 0 ? given.within(std::chrono::duration_cast<Clock::duration>(o.limit)) : given;
  for (TimePoint again = Clock::now() + kSayAgain;;
       stop.sleep(kLook, fmt::format("waiting for pod {} to go on in {}", o.pod, o.queue))) {
    const auto serves = serves_stream(broker, o, stop);
    if (serves == true) return;
    if (!serves) check_reachable(broker, o.control_queue, stop);
    const auto pod = cluster.get({Kind::pod, o.ns, o.pod}, stop);
    if (pod_is_lost(pod ? &*pod : nullptr))
      throw Error(ErrorKind::inconsistent, fmt::format("the target pod {}/{} is gone", o.ns, o.pod));
    // A silent one has not taken what it was sent.
    if (!serves || o.silent || Clock::now() < again) continue;
    broker.publish({"", o.control_queue, o.message, "application/json", ""}, stop);
    again = Clock::now() + kSayAgain;
  }
}

void await_reader_gone(Broker& broker, const std::string& control_queue, const StopToken& stop) {
  const StopToken limit = stop.within(std::chrono::seconds(90));
  while (broker.depth(control_queue, limit).value_or(QueueDepth{}).consumers > 0)
    limit.sleep(kLook, "waiting for the lost target's process to leave its control queue " + control_queue);
}

/// Whoever finishes the journal does not know whether the pivot's message was lost with a container.
void serve_stream(const Migrator::Ports& ports, const op::ServeStream& o, const StopToken& stop) {
  const auto serves = serves_stream(ports.broker, o, stop);
  if (serves == true) return;
  if (serves && !o.silent) ports.broker.publish({"", o.control_queue, o.message, "application/json", ""}, stop);
  await_stream_served(ports.cluster, ports.broker, o, stop);
}

}  // namespace ms2m
