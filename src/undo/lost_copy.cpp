#include "undo/lost_copy.hpp"

#include "handover/arrival.hpp"
#include "handover/waits.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "undo/hand_over.hpp"
#include "undo/open_retirement.hpp"
#include "undo/operations.hpp"
#include "undo/stream_operations.hpp"

namespace ms2m {

namespace {

/// Its end can take its whole grace period, in which it may still finish what it was sent.
void wait_ended(Cluster& cluster, const ObjectRef& ref, const StopToken& stop) {
  const auto pod = cluster.get(ref, stop);
  if (pod && is_terminating(*pod))
    wait_pod_gone(cluster, ref.ns, ref.name, pod_uid(*pod), stop.within(std::chrono::minutes(2)));
}

struct Given {
  HandOver to;
  ObjectRef source;  ///< who can have it back
};

/// nullopt: it was given to nobody, or by nobody.
std::optional<Given> given_in(const Journal& journal) {
  if (const auto stopped = journal.effect_with<op::ResumeStream>()) {
    const auto given = journal.effect_with<op::ServeStream>();
    if (!given) return std::nullopt;
    return Given{hand_over_of(given->operation), {Kind::pod, stopped->operation.ns, stopped->operation.pod}};
  }
  const auto quiet = journal.effect_with<op::ResumeSource>();
  const auto given = journal.effect_with<op::ResumeTarget>();
  if (!quiet || !given) return std::nullopt;
  return Given{hand_over_of(given->operation), {Kind::pod, quiet->operation.ns, quiet->operation.pod}};
}

bool is_lost(Cluster& cluster, const ObjectRef& ref, const StopToken& stop) {
  const auto pod = cluster.get(ref, stop);
  return pod_is_lost(pod ? &*pod : nullptr);
}

}  // namespace

bool must_take_back(const Migrator::Ports& ports, const Journal& journal, const StopToken& stop) {
  if (const auto stopped = journal.effect_with<op::ResumeStream>()) {
    const auto successor = open_retirement(journal);
    if (!successor) return false;
    const ObjectRef copy{Kind::pod, stopped->operation.ns, *successor};
    if (!is_lost(ports.cluster, copy, stop) && !ended_before_done(ports, journal, stop)) return false;
    wait_ended(ports.cluster, copy, stop);
    // Its pod may be gone and its process not (its node is cut off, say).
    if (const auto given = journal.effect_with<op::ServeStream>())
      await_reader_gone(ports.broker, given->operation.control_queue, stop);
    return true;
  }
  const auto quiet = journal.effect_with<op::ResumeSource>();
  const auto successor = open_retirement(journal);
  if (!quiet || !successor) return false;
  const op::ResumeSource& source = quiet->operation;
  const ObjectRef copy{Kind::pod, source.ns, *successor};
  if (!is_lost(ports.cluster, copy, stop) && !ended_before_done(ports, journal, stop)) return false;
  wait_ended(ports.cluster, copy, stop);
  const auto given = journal.effect_with<op::ResumeTarget>();
  const Arrival arrival =
      given ? hand_over_of(given->operation).arrival : Arrival{.queue = source.queue, .consumers = source.others + 1};
  await_copy_gone(ports, arrival, "waiting for the lost copy's consumer to go", stop);
  return true;
}

bool ended_before_done(const Migrator::Ports& ports, const Journal& journal, const StopToken& stop) {
  const auto completion = journal.effect_with<op::CompleteRestore>();
  const auto given = given_in(journal);
  if (!completion || completion->settled || !given || given->to.container.empty()) return false;
  if (!open_retirement(journal)) return false;  // nobody is there to have it back
  try {
    const auto pod = ports.cluster.get(given->to.target, stop);
    if (!pod || is_lost(ports.cluster, given->source, stop)) return false;
    const bool ended = instance_ended(*pod, given->to.container, given->to.instance);
    const op::CompleteRestore& restore = completion->operation;
    RestoreStatus status = ports.restores.watch(restore.node, restore.id, std::nullopt, stop);
    while (status.memory_comes && status.failure.empty())
      status = ports.restores.watch(restore.node, restore.id, status, stop);
    // One whose memory did not all come was killed there; its kubelet may not have seen it yet.
    return status.state == RestoreState::restored && (ended || !status.failure.empty());
  } catch (const Error&) {
    return false;
  }
}

bool memory_is_lost(const Migrator::Ports& ports, const Journal& journal, const StopToken& stop) {
  const auto completion = journal.effect_with<op::CompleteRestore>();
  if (!completion || completion->settled || !completion->operation.memory_follows) return false;
  const op::CompleteRestore& restore = completion->operation;
  const RestoreStatus status = ports.restores.watch(restore.node, restore.id, std::nullopt, stop);
  return status.state == RestoreState::restored && !status.failure.empty();
}

bool restored_again(const Migrator::Ports& ports, const Journal& journal, const StopToken& stop) {
  const auto restore = journal.effect_with<op::RestorePod>();
  const auto hand_over = journal.effect_with<op::ResumeTarget>();
  if (!restore || !restore->settled || !hand_over || hand_over->settled) return false;
  const ObjectRef copy = ref_of(Kind::pod, restore->operation.object);
  if (!is_lost(ports.cluster, copy, stop)) return false;
  ports.cluster.watch(
      copy, [](const Json* pod) { return pod == nullptr || !is_terminating(*pod); }, stop);
  Operations operations(ports);
  operations.run(restore->operation, stop);
  if (const auto completion = journal.effect_with<op::CompleteRestore>()) operations.run(completion->operation, stop);
  return true;
}

}  // namespace ms2m
