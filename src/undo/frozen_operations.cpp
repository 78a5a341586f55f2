#include "undo/frozen_operations.hpp"

#include "base/ids.hpp"
#include "handover/prepared_restore.hpp"
#include "handover/waits.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/patches.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "undo/restore_operations.hpp"

namespace ms2m {

namespace {

void let_start(const Migrator::Ports& ports, const op::StartCopy& o, const ObjectRef& pod, const StopToken& stop) {
  if (!o.data.empty()) {
    ports.restores.ready(o.node, o.id, o.data, stop);
    await_restored(ports.restores, {o.node, o.id}, stop);
    return;
  }
  ports.images.point_name(o.node, o.image, o.checkpoint, stop);
  ports.cluster.patch(pod, PatchType::merge, kick_patch(now_rfc3339()), stop);
}

/// As long as its data is waited for, a pod does not go; where the node does not answer, it does when that wait is
/// over.
void end_waiting(const Migrator::Ports& ports, const Json& pod, const StopToken& stop) {
  const PreparedRestore restore = restore_of(pod);
  if (restore.id.empty()) return;
  try {
    end_restore(ports.restores, restore, stop.within(std::chrono::seconds(20)));
  } catch (const Error&) {
    stop.check("taking restore " + restore.id + " back");
  }
}

/// What ran had the queue, so it is its pod's only instance: should it have ended, it starts anew. (That is an
/// operation of its own, which is carried out when the copy is seen: a node that does not answer now is no reason to
/// wait.)
void complete_copy(const Migrator::Ports& ports, const op::StartCopy& o, const StopToken& stop) {
  if (o.data.empty()) return;
  try {
    complete_restore(ports, {o.node, o.id}, stop);
  } catch (const Error&) {
    stop.check("noting the end of restore " + o.id);
  }
}

}  // namespace

void start_copy(const Migrator::Ports& ports, const op::StartCopy& o, const StopToken& stop) {
  const ObjectRef ref{Kind::pod, o.ns, o.pod};
  const std::string &container = o.container, &queue = o.queue;
  const auto pod = ports.cluster.get(ref, stop);
  if (!pod) throw Error(ErrorKind::failed, "the target pod " + ref.name + " was deleted by somebody else");
  if (is_terminating(*pod) && !ever_started(*pod, container))
    throw Error(ErrorKind::failed, "the target pod " + ref.name + " is being deleted, and never ran");
  const bool started = ever_started(*pod, container);
  if (!started) let_start(ports, o, ref, stop);
  complete_copy(ports, o, stop);
  if (!started)
    ports.cluster.watch(
        ref,
        [&](const Json* now) {
          check_restore(now, ref.name, container, o.data.empty() ? "" : o.id);
          return container_running(now, container);
        },
        stop);
  // Nobody else can: the source is frozen and its connection is closed, the valve is open or dead.
  wait_for_depth(
      ports.broker, queue, [](const QueueDepth& d) { return d.consumers > 0; },
      "waiting for the restored consumer to connect", stop);
}

void thaw_source(const Migrator::Ports& ports, const op::ThawSource& o, const StopToken& stop) {
  const ObjectRef copy{Kind::pod, o.source.ns, o.copy};
  const auto there = ports.cluster.get(copy, stop);
  if (there && migration_of(*there) == o.id) {
    end_waiting(ports, *there, stop);
    remove_at_once(ports.cluster, copy, pod_uid(*there), stop);
  }
  // False: its container has ended; what the kubelet started since is not frozen.
  ports.processes.thaw(o.source.node, o.source.container, stop);
  const auto source = ports.cluster.get({Kind::pod, o.source.ns, o.source.pod}, stop);
  if (!source || pod_uid(*source) != o.source.uid) return;  // nobody to wait for
  wait_for_depth(
      ports.broker, o.queue, [&](const QueueDepth& d) { return d.consumers > o.others; },
      "waiting for the source to consume " + o.queue, stop);
}

void thaw_at_work(const Migrator::Ports& ports, const op::Thaw& o, const StopToken& stop) {
  // False: it has ended.
  ports.processes.thaw(o.source.node, o.source.container, stop);
}

void kill_when_deleted(const Migrator::Ports& ports, const op::Frozen& source, const StopToken& stop) {
  if (source.container.empty()) return;
  await_kubelet_ends(ports.cluster, {Kind::pod, source.ns, source.pod}, source.uid, stop);
  // False: it has ended.
  ports.processes.kill(source.node, source.container, stop);
}

void retire_frozen(const Migrator::Ports& ports, const op::RetireFrozen& o, const StopToken& stop) {
  const ObjectRef ref{Kind::pod, o.source.ns, o.source.pod};
  // It cannot end gently: it is frozen, and its state goes on elsewhere.
  ports.cluster.remove(ref, {o.source.uid, 1, ""}, stop);
  kill_when_deleted(ports, o.source, stop);
  wait_pod_gone(ports.cluster, ref.ns, ref.name, o.source.uid, stop);
}

}  // namespace ms2m
