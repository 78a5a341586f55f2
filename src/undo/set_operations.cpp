#include "undo/set_operations.hpp"

#include <fmt/format.h>

#include <utility>

#include "handover/arrival.hpp"
#include "handover/waits.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/patches.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "undo/husk.hpp"
#include "undo/new_copy.hpp"
#include "undo/restore_by_handler.hpp"

namespace ms2m {
namespace {

bool ours(const Json& pod, const Json& wanted) {
  const std::string id = migration_of(wanted);
  return !id.empty() && migration_of(pod) == id;
}

void create_and_wait(const Migrator::Ports& ports, const Json& pod, const std::string& container,
                     const Arrival& arrival, const StopToken& stop) {
  const ObjectRef ref = ref_of(Kind::pod, pod);
  const auto present = ports.cluster.get(ref, stop);
  if (present && !ours(*present, pod)) throw name_is_taken(ref);
  if (!present) ports.cluster.create(ref, pod, {}, stop);
  // Nobody else listens to the hold queue: the source's process is gone.
  wait_restored(
      ports.cluster, ports.broker, ports.admin, ref, container, arrival, [](bool) {}, stop);
}

void remove_pod(const Migrator::Ports& ports, const ObjectRef& ref, const StopToken& stop) {
  if (const auto pod = ports.cluster.get(ref, stop)) remove_at_once(ports.cluster, ref, pod_uid(*pod), stop);
}

bool has_failed(const Json& pod, const std::string& name, const std::string& container) {
  try {
    check_restore(&pod, name, container);
    return false;
  } catch (const Error&) {
    return true;
  }
}

/// The kubelet takes one or two seconds from the end of a deleted pod's processes to the end of its object: more than
/// all the rest of the hand-over. So the processes are killed on the node, and when that is proven, the object is
/// removed by force. Not before the kubelet knows of the deletion: it starts a killed container anew, cold, otherwise.
/// All containers are killed, so that never two pods of that name run, which a StatefulSet promises.
void end_at_once(const Migrator::Ports& ports, const ObjectRef& ref, const std::string& uid, const std::string& hold,
                 const StopToken& stop) {
  const auto pod = await_kubelet_ends(ports.cluster, ref, uid, stop);
  if (!pod) return;
  for (const std::string& container : running_containers(*pod))
    if (!ports.processes.kill(pod_node(*pod), container, stop))
      throw Error(ErrorKind::failed, fmt::format("no process of container {:.20} was found", container));
  wait_for_depth(
      ports.broker, hold, [](const QueueDepth& d) { return d.consumers == 0; },
      "waiting for the source's process to end", stop);
  ports.cluster.remove(ref, {uid, 0, ""}, stop);
}

/// The source's successor should answer its probes before the source goes: a Service's endpoints must not be empty. One
/// that does not for long is another matter; for one that is lost the source must stay.
void wait_successor(const Migrator::Ports& ports, const ObjectRef& ref, const StopToken& stop) {
  try {
    ports.cluster.watch(
        ref,
        [&](const Json* pod) {
          if (pod_is_lost(pod)) throw Error(ErrorKind::inconsistent, "the target pod " + ref.name + " is gone");
          return pod_is_ready(*pod);
        },
        stop.within(std::chrono::seconds(30)));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout) throw;
  }
}

}  // namespace

void orphan_set(const Migrator::Ports& ports, const op::OrphanSet& o, const StopToken& stop) {
  const ObjectRef ref{Kind::stateful_set, o.ns, o.name};
  const auto gone = [&](const Json* set) { return set == nullptr || pod_uid(*set) != o.uid; };
  const auto present = ports.cluster.get(ref, stop);
  if (!present || gone(&*present)) return;
  ports.cluster.remove(ref, {o.uid, std::nullopt, "Orphan"}, stop);
  ports.cluster.watch(ref, gone, stop);
}

void remove_source(const Migrator::Ports& ports, const op::RemoveSource& o, const StopToken& stop) {
  const auto source = ports.cluster.get({Kind::pod, o.ns, o.pod}, stop);
  const bool there = source && pod_uid(*source) == o.uid && !is_terminating(*source);
  if (there && !o.target.empty()) wait_successor(ports, {Kind::pod, o.ns, o.target}, stop);
  end_quiet_source(ports, o, stop);
}

void end_quiet_source(const Migrator::Ports& ports, const op::RemoveSource& o, const StopToken& stop) {
  const ObjectRef ref{Kind::pod, o.ns, o.pod};
  const std::string& uid = o.uid;
  Husk husk(ports, ref, uid, o.exit.container, stop);
  // It is quiet and its state is in the checkpoint: it need not end gently, but it must have ended.
  const std::optional<int> grace = o.exit.gently ? std::nullopt : std::optional(1);
  if (ports.cluster.remove(ref, {uid, grace, ""}, stop) && !o.exit.gently) {
    husk.gone();
    try {
      end_at_once(ports, ref, uid, o.hold_queue, stop.within(std::chrono::seconds(5)));
    } catch (const Error&) {
      // The node cannot be reached, say: its kubelet ends the pod, which takes a second or two.
    }
  }
  wait_pod_gone(ports.cluster, ref.ns, ref.name, uid, stop);
  // The object can be gone before its process is (a forced deletion by somebody else); that one reads the same control
  // queue.
  wait_for_certain_depth(
      ports, o.hold_queue, [](const QueueDepth& d) { return d.consumers == 0; },
      "waiting for the source's process to end", stop);
}

void restore_pod(const Migrator::Ports& ports, const op::RestorePod& o, const StopToken& stop) {
  if (!o.data.empty()) return restore_by_handler(ports, o, stop);
  Json pod = o.object;
  const std::string &container = o.container, &hold = o.hold_queue, &node = o.node;
  const ObjectRef ref = ref_of(Kind::pod, pod);
  auto present = ports.cluster.get(ref, stop);
  if (present && ours(*present, pod) && has_failed(*present, ref.name, container)) {
    remove_pod(ports, ref, stop);  // of an earlier attempt; its cause may be cured by now
    present.reset();
  }
  const Arrival arrival{hold, 1, o.control_queue, {}, 0};
  if (!present) send_to_hold(ports, arrival.control, hold, stop);
  const bool fell_back = present && ours(*present, pod) && pod_node(*present) == node;
  try {
    if (fell_back) pod = bound_to(std::move(pod), node);
    return create_and_wait(ports, pod, container, arrival, stop);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::conflict || error.kind() == ErrorKind::unavailable || fell_back) throw;
  }
  const StopToken again =
      StopToken().within(std::chrono::minutes(5));  // the target may have used up the time there was
  remove_pod(ports, ref, again);
  const MoveResult moved = ports.carrier.move({node, KubeletArchive{o.archive}, node, o.directory}, {}, again);
  ports.images.import_checkpoint(
      node, {o.directory, moved.sha256, moved.bytes, o.image, container, o.architecture, o.user}, again);
  pod = bound_to(std::move(pod), node);
  send_to_hold(ports, arrival.control, hold, again);  // the one that failed may have taken it
  create_and_wait(ports, pod, container, arrival, again);
}

void recreate_set(const Migrator::Ports& ports, const op::RecreateSet& o, const StopToken& stop) {
  const ObjectRef ref = ref_of(Kind::stateful_set, o.object);
  // One that is still being deleted (a crash in between) is not there: the garbage collector lets go of its pods first.
  std::optional<Json> present;
  ports.cluster.watch(
      ref,
      [&](const Json* now) {
        present = now == nullptr ? std::nullopt : std::optional<Json>(*now);
        return !present || !is_terminating(*present);
      },
      stop);
  const std::string uid = pod_uid(present ? *present : ports.cluster.create(ref, as_new(o.object), {}, stop));
  ports.cluster.watch(
      {Kind::pod, ref.ns, o.pod},
      [&](const Json* pod) {
        return pod != nullptr && is_owned_by(*pod, uid);  // lost meanwhile: the set starts it anew
      },
      stop);
}

}  // namespace ms2m
