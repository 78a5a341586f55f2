#include "undo/pod_operations.hpp"

#include "handover/waits.hpp"
#include "kube/objects/lease.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/patches.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "undo/frozen_operations.hpp"
#include "undo/husk.hpp"
#include "undo/set_operations.hpp"

namespace ms2m {
namespace {

/// Nobody works on the queue until that is known.
constexpr std::chrono::seconds kMayLive{2};

/// The source may go only when the copy answers its probes: a Service's endpoints must never be empty.
void wait_ready(const Migrator::Ports& ports, const ObjectRef& ref, const StopToken& stop) {
  ports.cluster.watch(
      ref,
      [&](const Json* pod) {
        if (pod_is_lost(pod)) throw Error(ErrorKind::inconsistent, "the target pod " + ref.name + " is gone");
        return pod_is_ready(*pod);
      },
      stop);
}

/// A consumer that does not heed SIGTERM would take its whole grace period.
void end_source_at_work(const Migrator::Ports& ports, const std::string& ns, const std::string& pod,
                        const std::string& uid, const op::Exit& exit, const StopToken& stop) {
  ports.cluster.remove({Kind::pod, ns, pod}, {uid, exit.gently ? std::nullopt : std::optional(1), ""}, stop);
}

}  // namespace

bool is_pod(const Migrator::Ports& ports, const std::string& ns, const std::string& pod, const std::string& uid,
            const StopToken& stop) {
  const auto object = ports.cluster.get({Kind::pod, ns, pod}, stop);
  return object && (uid.empty() || pod_uid(*object) == uid) && !is_terminating(*object);
}

bool pod_lives(const Migrator::Ports& ports, const std::string& ns, const std::string& pod, const std::string& uid,
               const StopToken& stop) {
  const auto object = ports.cluster.get({Kind::pod, ns, pod}, stop);
  return object && (uid.empty() || pod_uid(*object) == uid) && !pod_is_lost(&*object);
}

bool pod_may_live(const Migrator::Ports& ports, const std::string& ns, const std::string& pod, const std::string& uid,
                  const StopToken& stop) {
  try {
    return pod_lives(ports, ns, pod, uid, stop.within(kMayLive));
  } catch (const Error&) {
    return true;
  }
}

void delete_pod(const Migrator::Ports& ports, const op::DeletePod& o, const StopToken& stop) {
  const ObjectRef ref{Kind::pod, o.ns, o.pod};
  const auto pod = ports.cluster.get(ref, stop);
  if (!pod || migration_of(*pod) != o.id) return;  // somebody else's pod of that name
  // The copy owns nothing: its process (if any) listens to the hold queue and need not end gently.
  remove_at_once(ports.cluster, ref, pod_uid(*pod), stop);
}

void retire_pod(const Migrator::Ports& ports, const op::RetirePod& o, const StopToken& stop) {
  if (is_pod(ports, o.ns, o.pod, o.uid, stop)) {
    wait_ready(ports, {Kind::pod, o.ns, o.target}, stop);
    if (!o.hold.empty()) return end_quiet_source(ports, {o.ns, o.pod, o.uid, o.hold, "", {}, o.exit}, stop);
    end_source_at_work(ports, o.ns, o.pod, o.uid, o.exit, stop);
  }
  wait_pod_gone(ports.cluster, o.ns, o.pod, o.uid, stop);
}

void adopt(const Migrator::Ports& ports, const op::Adopt& o, const StopToken& stop) {
  const std::string &ns = o.ns, &source = o.source_pod, &target = o.target_pod, &uid = o.source_uid;
  const ObjectRef target_ref{Kind::pod, ns, target};
  // Not-ready pods are the first that a ReplicaSet deletes, before any cost counts.
  wait_ready(ports, target_ref, stop);
  Husk husk(ports, {Kind::pod, ns, source}, uid, o.exit.container, stop);
  if (is_pod(ports, ns, source, uid, stop))
    ports.cluster.patch({Kind::pod, ns, source}, PatchType::merge, deletion_cost_patch(kLowestCost), stop);
  ports.cluster.patch(target_ref, PatchType::merge, adoption_patch(o.hash), stop);
  try {
    ports.cluster.watch(
        {Kind::pod, ns, source},
        [&](const Json* pod) { return pod == nullptr || pod_uid(*pod) != uid || is_terminating(*pod); },
        stop.within(std::chrono::seconds(30)));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout)
      throw;                              // another pod that was not ready ranked before it: it must go all the same
    wait_ready(ports, target_ref, stop);  // unless it is the only one
  }
  if (o.hold.empty()) {
    end_source_at_work(ports, ns, source, uid, o.exit, stop);
    kill_when_deleted(ports, {ns, source, uid, o.node, o.frozen}, stop);
    wait_pod_gone(ports.cluster, ns, source, uid, stop);
  } else {
    end_quiet_source(ports, {ns, source, uid, o.hold, "", {}, {"", o.exit.gently}}, stop);  // it stands still already
    husk.gone();
  }
  ports.cluster.watch(
      target_ref, [](const Json* pod) { return pod == nullptr || is_owned(*pod); }, stop);
  if (ports.cluster.get(target_ref, stop))
    ports.cluster.patch(target_ref, PatchType::merge, deletion_cost_patch(o.source_cost), stop);
}

void restore_cost(const Migrator::Ports& ports, const op::RestoreCost& o, const StopToken& stop) {
  if (!is_pod(ports, o.ns, o.pod, o.uid, stop)) return;
  ports.cluster.patch({Kind::pod, o.ns, o.pod}, PatchType::merge, deletion_cost_patch(o.cost), stop);
}

void strip_marks(const Migrator::Ports& ports, const op::StripMarks& o, const StopToken& stop) {
  const ObjectRef ref{Kind::pod, o.ns, o.pod};
  if (!ports.cluster.get(ref, stop)) return;
  ports.cluster.patch(ref, PatchType::merge, strip_marks_patch(), stop);
}

void release_lease(const Migrator::Ports& ports, const op::ReleaseLease& o, const StopToken& stop) {
  const ObjectRef ref{Kind::lease, o.ns, o.name};
  const auto object = ports.cluster.get(ref, stop);
  if (!object) return;
  if (const Lease lease = parse_lease(*object); lease.holder == o.holder)
    ports.cluster.remove(ref, {lease.uid, std::nullopt, ""}, stop);
}

}  // namespace ms2m
