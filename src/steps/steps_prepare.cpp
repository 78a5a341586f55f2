#include <fmt/format.h>
#include <unistd.h>

#include "base/ids.hpp"
#include "handover/queue_names.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/pod_spec.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "preflight/preflight.hpp"
#include "steps/steps.hpp"
#include "undo/operations.hpp"

namespace ms2m {

void Run::step(Phase phase, const std::string& text) const {
  Event event;
  event.type = Event::Type::step;
  event.phase = phase;
  event.text = text;
  observer.on(event);
}

void Run::warn(const std::string& text, const std::string& remedy) const {
  Event event;
  event.type = Event::Type::warning;
  event.text = text;
  event.remedy = remedy;
  observer.on(event);
}

void Run::set_lease_phase(Phase phase, const StopToken& stop) const {
  const Json change{{"metadata", {{"annotations", {{"ms2m.io/phase", to_string(phase)}}}}}};
  ports.cluster.patch({Kind::lease, plan.ns, "ms2m-" + plan.source_pod}, PatchType::merge, change, stop);
}

namespace {

/// MicroTime of the Lease API wants six digits.
std::string micro_time() {
  std::string time = now_rfc3339();
  time.insert(time.size() - 1, "000");
  return time;
}

/// A migration that no longer runs may have left its dead man's switch: it would send the source back to work in the
/// middle of this one. Then its lease, unless somebody else has taken it meanwhile.
void take_over(Run& run, const ObjectRef& ref, const StopToken& stop) {
  const Json& metadata = run.facts.lease->at("metadata");
  const std::string id = metadata.value("labels", Json::object()).value(kIdLabel, "");
  if (!id.empty()) run.ports.broker.delete_queue(queue_names(id).dead_man, stop);
  run.ports.cluster.remove(ref, {metadata.value("uid", ""), std::nullopt, ""}, stop);
}

}  // namespace

void take_lease(Run& run, const StopToken& stop) {
  const std::string name = "ms2m-" + run.plan.source_pod;
  const std::string holder = run.journal.begin().value("holder", "");
  const ObjectRef ref{Kind::lease, run.plan.ns, name};
  if (run.facts.lease && run.request.take_over_lease) take_over(run, ref, stop);
  const auto undo = op::release_lease(run.plan.ns, name, holder);
  run.journal.effect(Phase::preparing, "create lease " + name, undo, undo);
  const Json lease{{"apiVersion", "coordination.k8s.io/v1"},
                   {"kind", "Lease"},
                   {"metadata",
                    {{"name", name},
                     {"namespace", run.plan.ns},
                     {"labels", {{kIdLabel, run.plan.id}}},
                     {"annotations", {{"ms2m.io/phase", to_string(Phase::preparing)}}}}},
                   {"spec",
                    {{"holderIdentity", holder},
                     {"acquireTime", micro_time()},
                     {"renewTime", micro_time()},
                     {"leaseDurationSeconds", 3600}}}};
  try {
    run.ports.cluster.create(ref, lease, {}, stop);
  } catch (Error& error) {
    if (error.kind() != ErrorKind::conflict) throw;
    throw Error(ErrorKind::refused, fmt::format("another migration of pod {} has just begun", run.plan.source_pod),
                "wait for it; who it is: " + remedy::command(remedy::Command::check, run.request.place,
                                                             {run.plan.source_pod, run.plan.target_node, run.plan.ns}));
  }
}

namespace {

std::optional<Json> effective_policy(Run& run, const std::string& queue, const StopToken& stop) {
  try {
    return run.ports.admin.effective_policy(queue, stop);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unavailable && error.kind() != ErrorKind::forbidden) throw;
    return std::nullopt;
  }
}

/// Where the preflight could not tell what the policies make of ms2m's queues, the broker tells it of those that are
/// there.
void check_policies(Run& run, const std::vector<std::string>& queues, const StopToken& stop) {
  if (!run.facts.admin_version || run.facts.policy_on_ours) return;
  for (const std::string& queue : queues) {
    const auto policy = effective_policy(run, queue, stop);
    if (!policy) {
      run.warn(fmt::format("the broker does not say which policy acts on {}: what waits there could expire", queue),
               "look yourself: " + remedy::command(remedy::Command::list_policies, run.request.place));
      continue;
    }
    std::vector<Finding> findings;
    check_policy(*policy, run.plan.procedure, findings);
    for (const Finding& each : findings) {
      if (each.level == Level::refusal) throw Error(ErrorKind::refused, each.text, each.cure);
      run.warn(each.text, each.cure);
    }
  }
}

void declare_relay(Run& run, const StopToken& stop) {
  Broker& broker = run.ports.broker;
  run.journal.effect(Phase::preparing, "declare exchange " + run.names.tee, op::delete_exchange(run.names.tee),
                     op::delete_exchange(run.names.tee));
  broker.declare_fanout(run.names.tee, stop);
  for (const std::string& queue : {run.names.source, run.names.target}) {
    // Before the pivot, what is in the source's has left the primary; after it, what is in the target's.
    const bool source = queue == run.names.source;
    const auto drained = op::delete_drained_queue(queue), any = op::delete_queue(queue);
    run.journal.effect(Phase::preparing, "declare queue " + queue, source ? drained : any, source ? any : drained);
    broker.declare_queue({queue, std::nullopt, std::nullopt}, stop);
    broker.bind_queue(queue, run.names.tee, "", stop);
  }
}

}  // namespace

void declare_queues(Run& run, const StopToken& stop) {
  Broker& broker = run.ports.broker;
  const auto declare = [&](const std::string& queue) {
    run.journal.effect(Phase::preparing, "declare queue " + queue, op::delete_queue(queue), op::delete_queue(queue));
    broker.declare_queue({queue, std::nullopt, std::nullopt}, stop);
  };
  declare(run.names.hold);
  // Asked of a queue that is there: what its virtual host makes of a declaration without a type.
  if (run.plan.procedure.relays() && run.facts.admin_version) {
    const auto type = run.ports.admin.queue_type(run.names.hold, stop);
    if (type && *type != "classic")
      throw Error(ErrorKind::failed,
                  fmt::format("the broker makes {} queues of ms2m's own, and the relay needs classic ones: only of "
                              "those the numbers are exact at once",
                              *type),
                  "use --strategy handoff, or set the virtual host's default queue type to classic");
  }
  declare(run.names.pivot);
  // The target's own control queue: stale messages of an earlier pod of that name must not reach it. It stays after
  // success.
  const std::string& control = run.plan.target_control_queue;
  if (control == run.plan.source_control_queue)  // a StatefulSet's pod keeps its name and its queue
    return check_policies(run, {run.names.hold}, stop);
  run.journal.effect(Phase::preparing, "declare and empty " + control, op::delete_queue(control), {});
  broker.declare_queue({control, std::nullopt, std::nullopt}, stop);
  broker.purge_queue(control, stop);
  if (!run.plan.procedure.relays()) return check_policies(run, {run.names.hold}, stop);
  declare_relay(run, stop);
  check_policies(run, {run.names.hold, run.names.target}, stop);
}

void create_target_pod(Run& run, const StopToken& stop) {
  const Plan& plan = run.plan;
  run.journal.effect(Phase::preparing, "create pod " + plan.target_pod,
                     op::delete_pod(plan.ns, plan.target_pod, plan.id), op::strip_marks(plan.ns, plan.target_pod));
  check_admitted(run, run.ports.cluster.create({Kind::pod, plan.ns, plan.target_pod}, plan.target_spec, {}, stop));
}

void check_admitted(const Run& run, const Json& admitted) {
  const Plan& plan = run.plan;
  const Json* container = find_container(admitted, plan.container);
  const std::string image = container == nullptr ? "" : container->value("image", ""),
                    policy = container == nullptr ? "" : container->value("imagePullPolicy", "");
  if (image == plan.image && policy == "Never") return;
  throw Error(
      ErrorKind::refused,
      image != plan.image
          ? fmt::format("the cluster's admission changes the image of the target pod from {} to {}", plan.image, image)
          : fmt::format("the cluster's admission makes the image pull policy of the target pod {}: its kubelet would "
                        "look for the checkpoint in a registry",
                        policy),
      "exempt the namespace, or images like this one, from the webhook or from the admission plugin AlwaysPullImages");
}

namespace {

/// The reason why the container waits, and its message; throws when the pod can never run.
std::pair<std::string, std::string> waiting(const Json* pod, const std::string& container) {
  if (pod == nullptr) throw Error(ErrorKind::failed, "the target pod was deleted by somebody else");
  const Json status = pod->value("status", Json::object());
  if (status.value("phase", "") == "Failed")
    throw Error(ErrorKind::failed, fmt::format("the target's kubelet rejected the pod: {} {}",
                                               status.value("reason", ""), status.value("message", "")));
  const Json* own = find_container_status(*pod, container);
  if (own == nullptr) return {};
  const Json state = own->value("state", Json::object()).value("waiting", Json::object());
  return {state.value("reason", ""), state.value("message", "")};
}

}  // namespace

void wait_target_warm(Run& run, const StopToken& stop) {
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.restore));
  run.ports.cluster.watch(
      {Kind::pod, run.plan.ns, run.plan.target_pod},
      [&](const Json* pod) {
        if (pod != nullptr) run.target_addresses = addresses_of(*pod);
        const auto [reason, message] = waiting(pod, run.plan.container);
        // An admission plugin that makes every pull policy Always would let the kubelet look for the image in a
        // registry.
        for (const char* fatal : {"CreateContainerError", "InvalidImageName", "CreateContainerConfigError",
                                  "ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"})
          if (reason == fatal)
            throw Error(ErrorKind::failed, fmt::format("the target pod cannot start: {}: {}", reason, message));
        return reason == "ErrImageNeverPull";
      },
      limit);
  run.warm_at = Clock::now();
  run.step(Phase::preparing, fmt::format("pod {} is ready for its image", run.plan.target_pod));
}

void wait_kick_works(const Run& run, const StopToken& stop) {
  // The kubelet answers a kick at once only when its pod cache is newer than its last sync of the pod; the cache is
  // relisted once a second (DESIGN section 6, measured).
  const auto left = *run.warm_at + Millis{1100} - Clock::now();
  if (left > Clock::duration::zero())
    stop.sleep(std::chrono::ceil<Millis>(left), "waiting for the target pod to settle");
}

void arm_dead_man(Run& run, const StopToken& stop) {
  const std::string& queue = run.names.dead_man;
  run.journal.effect(Phase::preparing, "arm the dead man's switch", op::delete_queue(queue), op::delete_queue(queue));
  run.dead_man = run.ports.broker.arm(
      {queue, run.plan.source_control_queue, end_replay("source", run.plan.id), run.request.dead_man}, stop);
}

}  // namespace ms2m
