#include "undo/idle_copy.hpp"

#include <fmt/format.h>

#include <optional>

#include "handover/arrival.hpp"
#include "handover/consumer_status.hpp"
#include "handover/waits.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "undo/fence.hpp"
#include "undo/hand_over.hpp"
#include "undo/open_retirement.hpp"
#include "undo/pod_operations.hpp"
#include "undo/stream_operations.hpp"

namespace ms2m {
namespace {

/// A consumer is in the management API's list after 0.3 to 1.8 s (rabbitmq-facts.md section 4).
constexpr Millis kNamed{2500};
constexpr std::chrono::seconds kKubeletLimit{20};

/// Also one that has come without a command.
bool consumes(const Migrator::Ports& ports, const Arrival& at, const StopToken& stop) {
  if (!at.copy.empty()) {
    stop.sleep(kNamed, "waiting for the management API to name the copy's consumer");
    return Peers(ports.admin, at.copy).named(at.queue, stop) > 0;
  }
  const auto depth = certain_depth(ports.broker, ports.admin, at.queue, stop).value_or(QueueDepth{});
  return depth.consumers >= at.consumers &&
         depth.consumers > at.ours + Peers(ports.admin, at.strangers).consumers_of(at.queue, stop);
}

bool any_running(const std::optional<Json>& pod) { return !pod || !running_containers(*pod).empty(); }

/// An answer that is lost says nothing: as long as the pod may be ending, what is frozen must not wake up.
void remove_condemned(Cluster& cluster, const ObjectRef& ref, const std::string& uid, Fence& fence,
                      const StopToken& stop) {
  fence.condemn();
  try {
    cluster.remove(ref, {uid, 1, ""}, stop);
  } catch (const Error&) {
    const auto pod = cluster.get(ref, stop);
    if (!pod || pod_uid(*pod) != uid || is_terminating(*pod)) return;
    fence.give_back();
    throw;
  }
}

/// True: nothing but what was frozen has run until the end. What the pod's last status says is its kubelet's last word:
/// it reports how every container has ended before it lets the pod go.
bool end_copy(const Migrator::Ports& ports, const ObjectRef& ref, const std::string& uid, Fence& fence,
              const StopToken& stop) {
  remove_condemned(ports.cluster, ref, uid, fence, stop);
  std::optional<Json> last;
  bool killed = false;
  try {
    last = await_kubelet_ends(ports.cluster, ref, uid, stop.within(kKubeletLimit));
    killed = fence.kill(stop);
  } catch (const Error&) {
    // A kubelet that has not heard of the deletion yet: the end of the pod is waited for in any case.
  }
  ports.cluster.watch(
      ref,
      [&](const Json* pod) {
        if (pod == nullptr || pod_uid(*pod) != uid) return true;
        last = *pod;
        return false;
      },
      stop);
  if (!killed && any_running(last))
    throw Error(
        ErrorKind::inconsistent,
        fmt::format("the pod {}/{} is gone, and nothing says that its containers have ended", ref.ns, ref.name));
  return last && fence.covers(*last);
}

Withdrawal end_if_idle(const Migrator::Ports& ports, const HandOver& what, const std::string& uid, Fence& fence,
                       const StopToken& stop) {
  ports.broker.purge_queue(what.arrival.control, fence.limit());
  if (consumes(ports, what.arrival, fence.limit())) return Withdrawal::serves;
  const bool untouched = end_copy(ports, what.target, uid, fence, stop);
  await_copy_gone(ports, what.arrival, "waiting for the withdrawn copy's consumer to go", stop);
  return untouched ? Withdrawal::withdrawn : Withdrawal::unproven;
}

}  // namespace

Withdrawal withdraw_idle_copy(const Migrator::Ports& ports, const Journal& journal, bool untouched,
                              const StopToken& stop) {
  const auto quiet = journal.effect_with<op::ResumeSource>();
  const auto given = journal.effect_with<op::ResumeTarget>();
  if (!quiet || !given || given->settled || !open_retirement(journal)) return Withdrawal::impossible;
  if (!pod_lives(ports, quiet->operation.ns, quiet->operation.pod, quiet->operation.uid, stop))
    return Withdrawal::impossible;
  const HandOver what = hand_over_of(given->operation);
  const auto copy = ports.cluster.get(what.target, stop);
  if (pod_is_lost(copy ? &*copy : nullptr)) return Withdrawal::impossible;
  if (!untouched) return consumes(ports, what.arrival, stop) ? Withdrawal::serves : Withdrawal::may_have_served;

  Fence fence(ports, what.target, *copy, stop);
  try {
    return end_if_idle(ports, what, pod_uid(*copy), fence, stop);
  } catch (...) {
    if (!fence.condemned()) try {
        ports.broker.publish({"", what.arrival.control, what.message, "application/json", ""}, stop);
      } catch (const Error&) {
        // A resume sends it.
      }
    throw;
  }
}

Withdrawal withdraw_reader(const Migrator::Ports& ports, const Journal& journal, bool untouched,
                           const StopToken& stop) {
  const auto stopped = journal.effect_with<op::ResumeStream>();
  const auto given = journal.effect_with<op::ServeStream>();
  if (!stopped || !given || given->settled || !open_retirement(journal)) return Withdrawal::impossible;
  const op::ResumeStream& source = stopped->operation;
  if (!pod_lives(ports, source.ns, source.pod, source.uid, stop)) return Withdrawal::impossible;
  const op::ServeStream& to = given->operation;
  const auto serves = serves_stream(ports.broker, to, stop);
  if (serves == true) return Withdrawal::serves;
  if (!untouched) return Withdrawal::may_have_served;
  if (!serves || to.silent) {
    ports.broker.depth(to.control_queue, stop);
    if (const auto alarms = ports.admin.alarms(stop); !alarms.empty())
      throw Error(ErrorKind::unavailable, "the broker takes no messages: " + alarms.front());
  }
  const ObjectRef target{Kind::pod, to.ns, to.pod};
  if (const auto pod = ports.cluster.get(target, stop)) remove_at_once(ports.cluster, target, pod_uid(*pod), stop);
  await_reader_gone(ports.broker, to.control_queue, stop);
  return Withdrawal::repeated;
}

bool command_unread(const Migrator::Ports& ports, const Journal& journal, const StopToken& stop) {
  const auto given = journal.effect_with<op::ResumeTarget>();
  if (!given) return false;
  const HandOver what = hand_over_of(given->operation);
  const auto pod = ports.cluster.get(what.target, stop);
  if (!pod || (!what.container.empty() && same_instance(instance_in(*pod, what.container), what.instance) != true))
    return false;
  return ports.broker.depth(what.arrival.control, stop).value_or(QueueDepth{}).ready > 0;
}

}  // namespace ms2m
