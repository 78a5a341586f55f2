#include "undo/scale_operations.hpp"

#include <fmt/format.h>

#include "handover/waits.hpp"
#include "kube/objects/container.hpp"
#include "kube/objects/controllers.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/patches.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "undo/set_operations.hpp"

namespace ms2m {
namespace {

ObjectRef pod_of(const op::Scaling& o) { return {Kind::pod, o.ns, o.pod}; }
ObjectRef set_of(const op::Scaling& o) { return {Kind::stateful_set, o.ns, o.set}; }

/// By its image, which is this migration's alone: so it is known also when its marks are gone.
bool is_copy(const std::optional<Json>& pod, const std::string& image) { return pod && runs_image(*pod, image); }

bool is_set(const Json* set, const op::Scaling& o) { return set != nullptr && pod_uid(*set) == o.set_uid; }

[[noreturn]] void set_is_gone(const op::Scaling& o) {
  throw Error(ErrorKind::inconsistent, fmt::format("statefulset {} was deleted during the migration", o.set),
              "create it again, then resume");
}

[[noreturn]] void scaled_by_somebody_else(const op::Scaling& o, int replicas, int wanted) {
  throw Error(ErrorKind::conflict,
              fmt::format("statefulset {} was scaled to {} by somebody else during the migration", o.set, replicas),
              fmt::format("scale it to {}, then resume", wanted));
}

Json read_set(const Migrator::Ports& ports, const op::Scaling& o, const StopToken& stop) {
  const auto set = ports.cluster.get(set_of(o), stop);
  if (!is_set(set ? &*set : nullptr, o)) set_is_gone(o);
  return *set;
}

void write_replicas(const Migrator::Ports& ports, const op::Scaling& o, int replicas, const StopToken& stop) {
  ports.cluster.patch(set_of(o), PatchType::merge, replicas_patch(o.set_uid, replicas), stop);
}

/// The controller knows sets and pods by two caches. What is done to a pod next must not be judged by the old number of
/// replicas, so it has to have seen the new one first; it says so also when it could not create a pod (the name is
/// taken).
void wait_observed(const Migrator::Ports& ports, const op::Scaling& o, const StopToken& stop) {
  ports.cluster.watch(
      set_of(o),
      [&](const Json* set) {
        if (!is_set(set, o)) set_is_gone(o);
        return is_observed(*set);
      },
      stop);
}

void wait_adopted(const Migrator::Ports& ports, const op::Scaling& o, const StopToken& stop) {
  ports.cluster.watch(
      pod_of(o),
      [&](const Json* pod) {
        if (pod == nullptr || is_terminating(*pod))
          throw Error(ErrorKind::inconsistent, fmt::format("the restored pod {} is gone", o.pod));
        const auto owner = controller_of(*pod);
        return owner && owner->uid == o.set_uid;
      },
      stop);
}

}  // namespace

void scale_down(const Migrator::Ports& ports, const op::ScaleDown& operation, const StopToken& stop) {
  const op::Scaling& o = operation.scaling;
  const auto pod = ports.cluster.get(pod_of(o), stop);
  if (is_copy(pod, o.image)) return;  // an earlier attempt came that far
  if (pod && pod_uid(*pod) != o.pod_uid)
    throw Error(ErrorKind::conflict, fmt::format("a pod {} that is not ms2m's has taken the name", o.pod),
                "scale the set down by one, then resume");
  const int before = o.replicas, now = replicas_wanted(read_set(ports, o, stop));
  if (now > before) scaled_by_somebody_else(o, now, before);  // another pod is the last one now
  if (now == before) write_replicas(ports, o, before - 1, stop);
  wait_observed(ports, o, stop);
}

void end_source(const Migrator::Ports& ports, const op::EndSource& o, const StopToken&) {
  const ObjectRef ref{Kind::pod, o.ns, o.pod};
  const StopToken limit = StopToken().within(std::chrono::seconds(o.grace_seconds + 60));
  if (is_copy(ports.cluster.get(ref, limit), o.image)) return;
  if (o.at_once) return end_quiet_source(ports, {o.ns, o.pod, o.uid, o.hold_queue, "", {}, {o.container}}, limit);
  if (o.delete_pod) ports.cluster.remove(ref, {o.uid, std::nullopt, ""}, limit);
  wait_pod_gone(ports.cluster, o.ns, o.pod, o.uid, limit);
  // The object can be gone before its process is (a forced deletion by somebody else); that one reads the same control
  // queue.
  wait_for_certain_depth(
      ports, o.hold_queue, [](const QueueDepth& d) { return d.consumers == 0; },
      "waiting for the source's process to end", limit);
}

void scale_up(const Migrator::Ports& ports, const op::ScaleUp& operation, const StopToken& stop) {
  const op::Scaling& o = operation.scaling;
  const int before = o.replicas, now = replicas_wanted(read_set(ports, o, stop));
  if (now < before - 1) scaled_by_somebody_else(o, now, before - 1);  // the copy would be deleted as surplus
  if (now == before - 1) write_replicas(ports, o, before, stop);
  wait_observed(ports, o, stop);
  ports.cluster.patch(pod_of(o), PatchType::merge, labels_patch(operation.labels), stop);
  wait_adopted(ports, o, stop);
  ports.cluster.watch(
      set_of(o),
      [&](const Json* set) {
        if (!is_set(set, o)) set_is_gone(o);
        return replicas_there(*set) >= before;
      },
      stop);
}

}  // namespace ms2m
