#include "undo/pod_operations.hpp"

#include "handover/waits.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "undo/frozen_operations.hpp"
#include "undo/set_operations.hpp"

namespace ms2m {
namespace {

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

/// The process goes on elsewhere: what is left here must end, not wind up. Its shutdown hooks would speak for the
/// living one, and a consumer that does not heed SIGTERM would take its whole grace period.
void end_at_once(const Migrator::Ports& ports, const std::string& ns, const std::string& pod, const std::string& uid,
                 const StopToken& stop) {
  ports.cluster.remove({Kind::pod, ns, pod}, {uid, 1, ""}, stop);
}

Json annotation(const char* name, const Json& value) { return {{"metadata", {{"annotations", {{name, value}}}}}}; }

}  // namespace

bool is_pod(const Migrator::Ports& ports, const std::string& ns, const std::string& pod, const std::string& uid,
            const StopToken& stop) {
  const auto object = ports.cluster.get({Kind::pod, ns, pod}, stop);
  return object && (uid.empty() || object->at("metadata").at("uid") == uid) && !is_terminating(*object);
}

void delete_pod(const Migrator::Ports& ports, const op::DeletePod& o, const StopToken& stop) {
  const ObjectRef ref{Kind::pod, o.ns, o.pod};
  const auto pod = ports.cluster.get(ref, stop);
  if (!pod || pod->at("metadata").value("labels", Json::object()).value(kIdLabel, "") != o.id)
    return;  // somebody else's pod of that name
  // The copy owns nothing: its process (if any) listens to the hold queue and need not end gently.
  remove_at_once(ports.cluster, ref, pod->at("metadata").at("uid"), stop);
}

void retire_pod(const Migrator::Ports& ports, const op::RetirePod& o, const StopToken& stop) {
  if (is_pod(ports, o.ns, o.pod, o.uid, stop)) {
    wait_ready(ports, {Kind::pod, o.ns, o.target}, stop);
    if (!o.hold.empty()) return end_quiet_source(ports, {o.ns, o.pod, o.uid, o.hold}, stop);
    end_at_once(ports, o.ns, o.pod, o.uid, stop);
  }
  wait_pod_gone(ports.cluster, o.ns, o.pod, o.uid, stop);
}

void adopt(const Migrator::Ports& ports, const op::Adopt& o, const StopToken& stop) {
  const std::string &ns = o.ns, &source = o.source_pod, &target = o.target_pod, &uid = o.source_uid;
  const ObjectRef target_ref{Kind::pod, ns, target};
  // Not-ready pods are the first that a ReplicaSet deletes, before any cost counts.
  wait_ready(ports, target_ref, stop);
  if (is_pod(ports, ns, source, uid, stop))
    ports.cluster.patch({Kind::pod, ns, source}, PatchType::merge, annotation(kDeletionCost, "-2147483647"), stop);
  Json change = annotation(kDeletionCost, "2147483647");
  change["metadata"]["labels"] = {{kTemplateHash, o.hash}};
  // Cost first and label second would be two syncs of the controller; in one patch it sees both or none.
  ports.cluster.patch(target_ref, PatchType::merge, change, stop);
  try {
    ports.cluster.watch(
        {Kind::pod, ns, source},
        [&](const Json* pod) { return pod == nullptr || pod->at("metadata").at("uid") != uid || is_terminating(*pod); },
        stop.within(std::chrono::seconds(30)));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout)
      throw;                              // another pod that was not ready ranked before it: it must go all the same
    wait_ready(ports, target_ref, stop);  // unless it is the only one
  }
  end_at_once(ports, ns, source, uid, stop);
  kill_when_deleted(ports, {ns, source, uid, o.node, o.frozen}, stop);
  wait_pod_gone(ports.cluster, ns, source, uid, stop);
  ports.cluster.watch(
      target_ref, [](const Json* pod) { return pod == nullptr || pod->at("metadata").contains("ownerReferences"); },
      stop);
  if (ports.cluster.get(target_ref, stop))
    ports.cluster.patch(target_ref, PatchType::merge, annotation(kDeletionCost, o.source_cost), stop);
}

void restore_cost(const Migrator::Ports& ports, const op::RestoreCost& o, const StopToken& stop) {
  if (!is_pod(ports, o.ns, o.pod, o.uid, stop)) return;
  ports.cluster.patch({Kind::pod, o.ns, o.pod}, PatchType::merge, annotation(kDeletionCost, o.cost), stop);
}

void strip_marks(const Migrator::Ports& ports, const op::StripMarks& o, const StopToken& stop) {
  const ObjectRef ref{Kind::pod, o.ns, o.pod};
  if (!ports.cluster.get(ref, stop)) return;
  Json change = annotation(kKickAnnotation, nullptr);
  change["metadata"]["labels"] = {{kIdLabel, nullptr}};
  ports.cluster.patch(ref, PatchType::merge, change, stop);
}

void release_lease(const Migrator::Ports& ports, const op::ReleaseLease& o, const StopToken& stop) {
  const ObjectRef ref{Kind::lease, o.ns, o.name};
  const auto lease = ports.cluster.get(ref, stop);
  if (!lease || lease->at("spec").value("holderIdentity", "") != o.holder) return;
  ports.cluster.remove(ref, {lease->at("metadata").at("uid"), std::nullopt, ""}, stop);
}

}  // namespace ms2m
