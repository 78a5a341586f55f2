#include "undo/hand_over.hpp"

#include <fmt/format.h>

#include <optional>

#include "handover/waits.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "undo/open_retirement.hpp"

namespace ms2m {
namespace {

constexpr std::chrono::seconds kSayAgain{5};
constexpr std::chrono::seconds kLookAtPod{1};
/// After that a frozen copy is thawed by its node, whatever has become of ms2m: by then its pod is being deleted.
constexpr std::chrono::minutes kFreezeLimit{2};
/// A dead node's connection is held for two or three heartbeats.
constexpr std::chrono::seconds kGhostLimit{90};
/// A consumer is in the management API's list after 0.3 to 1.8 s (rabbitmq-facts.md section 4).
constexpr Millis kNamed{2500};

class Caller {
 public:
  Caller(const Migrator::Ports& ports, const HandOver& what)
      : ports_(ports), what_(what), serving_(ports.broker, ports.admin, what.arrival), instance_(what.instance) {}

  bool serves(const StopToken& stop) {
    const bool there = serving_.there(stop);
    if (Clock::now() >= next_look_) look_at_pod(stop);
    if (!there && Clock::now() >= next_call_ && taken(stop)) call(stop);
    return there;
  }

 private:
  void look_at_pod(const StopToken& stop) {
    next_look_ = Clock::now() + kLookAtPod;
    std::optional<Json> pod;
    try {
      pod = ports_.cluster.get(what_.target, stop);
    } catch (const Error&) {
      return;
    }
    if (pod_is_lost(pod ? &*pod : nullptr))
      throw Error(ErrorKind::inconsistent,
                  fmt::format("the target pod {}/{} is gone", what_.target.ns, what_.target.name));
    const std::string now = what_.container.empty() ? "" : instance_in(*pod, what_.container);
    if (now.empty() || now == instance_) return;
    const bool another = !instance_.empty();
    instance_ = now;
    if (another && what_.only_that_instance)
      throw Error(ErrorKind::inconsistent,
                  fmt::format("the container of the target pod {}/{} was started again, and what had been relayed to "
                              "it is gone",
                              what_.target.ns, what_.target.name));
    if (another) call(stop);
  }

  bool taken(const StopToken& stop) {
    return ports_.broker.depth(what_.arrival.control, stop).value_or(QueueDepth{}).ready == 0;
  }

  void call(const StopToken& stop) {
    next_call_ = Clock::now() + kSayAgain;
    ports_.broker.publish({"", what_.arrival.control, what_.message, "application/json", ""}, stop);
  }

  const Migrator::Ports& ports_;
  const HandOver& what_;
  ArrivalWatch serving_;
  std::string instance_;
  TimePoint next_look_ = Clock::now() + kLookAtPod, next_call_ = Clock::now() + kSayAgain;
};

bool is_there(Cluster& cluster, const op::ResumeSource& source, const StopToken& stop) {
  const auto pod = cluster.get({Kind::pod, source.ns, source.pod}, stop);
  return pod && pod->at("metadata").value("uid", "") == source.uid && !is_terminating(*pod);
}

/// The containers of a copy, which do nothing until they are killed or thawed. A node that cannot be reached freezes
/// nothing: its kubelet ends the pod all the same.
class Fence {
 public:
  Fence(ContainerProcess& processes, const Json& pod)
      : processes_(processes), node_(pod.at("spec").value("nodeName", "")), containers_(running_containers(pod)) {
    each([&](const std::string& id) { processes_.freeze(node_, id, StopToken().within(kFreezeLimit)); });
  }
  void thaw() {
    each([&](const std::string& id) { processes_.thaw(node_, id, StopToken().within(std::chrono::seconds(30))); });
  }
  void kill(const StopToken& stop) {
    each([&](const std::string& id) { processes_.kill(node_, id, stop); });
  }

 private:
  void each(const std::function<void(const std::string&)>& act) {
    for (const std::string& id : containers_) try {
        act(id);
      } catch (const Error&) {
      }
  }
  ContainerProcess& processes_;
  const std::string node_;
  const std::vector<std::string> containers_;
};

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

void end_copy(const Migrator::Ports& ports, const ObjectRef& ref, const std::string& uid, Fence& fence,
              const StopToken& stop) {
  try {
    ports.cluster.remove(ref, {uid, 1, ""}, stop);
  } catch (const Error&) {
    fence.thaw();
    throw;
  }
  try {
    await_kubelet_ends(ports.cluster, ref, uid, stop.within(std::chrono::seconds(20)));
    fence.kill(stop);
  } catch (const Error&) {
    // A kubelet that has not heard of the deletion yet: the end of the pod is waited for in any case.
  }
  wait_pod_gone(ports.cluster, ref.ns, ref.name, uid, stop);
}

}  // namespace

HandOver hand_over_of(const op::ResumeTarget& o) {
  HandOver what;
  what.arrival = {o.queue, o.others + 1, o.control_queue, o.strangers, o.others};
  what.target = {Kind::pod, o.ns, o.pod};
  what.container = o.container;
  what.instance = o.instance;
  what.arrival.copy = o.copy_addresses;
  if (!what.arrival.copy.empty()) what.arrival.consumers = 1;
  what.message = o.message;
  what.only_that_instance = o.only_that_instance;
  what.limit = o.limit;
  return what;
}

void await_service(const Migrator::Ports& ports, const HandOver& what, const StopToken& given) {
  const StopToken stop =
      what.limit.count() > 0 ? given.within(std::chrono::duration_cast<Clock::duration>(what.limit)) : given;
  Caller caller(ports, what);
  wait_until([&] { return caller.serves(stop); }, "waiting for the target to consume " + what.arrival.queue, stop);
}

Withdrawal withdraw_idle_copy(const Migrator::Ports& ports, const Journal& journal, const StopToken& stop) {
  const auto quiet = journal.effect_with<op::ResumeSource>();
  const auto given = journal.effect_with<op::ResumeTarget>();
  if (!quiet || !given || given->settled || !open_retirement(journal)) return Withdrawal::impossible;
  if (!is_there(ports.cluster, quiet->operation, stop)) return Withdrawal::impossible;
  const HandOver what = hand_over_of(given->operation);
  const auto copy = ports.cluster.get(what.target, stop);
  if (pod_is_lost(copy ? &*copy : nullptr)) return Withdrawal::impossible;

  Fence fence(ports.processes, *copy);
  bool serves = true;
  try {
    serves = consumes(ports, what.arrival, stop);
  } catch (...) {
    fence.thaw();
    throw;
  }
  if (serves) {
    fence.thaw();
    return Withdrawal::serves;
  }
  end_copy(ports, what.target, copy->at("metadata").at("uid"), fence, stop);
  Peers named(ports.admin, what.arrival.copy);
  wait_for_certain_depth(
      ports, what.arrival.queue,
      [&](const QueueDepth& d) {
        return what.arrival.copy.empty() ? d.consumers < what.arrival.consumers
                                         : named.named(what.arrival.queue, stop) == 0;
      },
      "waiting for the withdrawn copy's consumer to go", stop.within(kGhostLimit));
  return Withdrawal::withdrawn;
}

}  // namespace ms2m
