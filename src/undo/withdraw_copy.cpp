#include "undo/withdraw_copy.hpp"

#include "handover/waits.hpp"
#include "kube/objects/container_state.hpp"
#include "kube/objects/object.hpp"
#include "ms2m/error.hpp"
#include "undo/frozen_operations.hpp"
#include "undo/operations.hpp"
#include "undo/restore_operations.hpp"

namespace ms2m {

namespace {

bool ends_frozen(const Operation& operation) {
  const auto* adoption = std::get_if<op::Adopt>(&operation);
  return std::holds_alternative<op::RetireFrozen>(operation) || (adoption != nullptr && !adoption->frozen.empty());
}

/// The source is gone for good: there is nothing to turn back to.
bool source_retired(const Journal& journal) {
  for (const Effect& effect : journal.effects())
    if (effect.settled && effect.finish && ends_frozen(*effect.finish)) return true;
  return false;
}

/// No process of the copy has run, or its pod is not there any more.
bool never_ran(const CopyPorts& ports, const op::StartCopy& start, const std::optional<Json>& pod,
               const StopToken& stop) {
  if (!pod) return true;
  if (start.data.empty()) return !ever_started(*pod, start.container);
  // The pod's status comes later than the process.
  const RestoreState state = ports.restores.watch(start.node, start.id, std::nullopt, stop).state;
  return state != RestoreState::restored && state != RestoreState::done;
}

/// No attempt of the kubelet can succeed any more. (What the handler is just restoring then ends before it has
/// connected to anybody.)
void prevent(const CopyPorts& ports, const op::StartCopy& start, const StopToken& stop) {
  if (start.data.empty())
    ports.images.remove_name(start.node, start.image, stop);
  else
    end_restore(ports.restores, {start.node, start.id}, stop);
}

}  // namespace

bool withdraw_copy(const CopyPorts& ports, const Journal& journal, bool valve_held, const StopToken& stop) {
  const auto recorded = journal.effect_with<op::StartCopy>();
  const op::StartCopy start = recorded ? recorded->operation : op::StartCopy{};
  const ObjectRef ref{Kind::pod, start.ns, start.pod};
  const auto serves = [&](const std::optional<Json>& pod) {
    return !valve_held && !never_ran(ports, start, pod, stop);
  };
  if (serves(ports.cluster.get(ref, stop))) return false;  // it may need the name again
  prevent(ports, start, stop);
  const auto pod = ports.cluster.get(ref, stop);
  if (!pod) return true;
  if (serves(pod)) return false;
  remove_at_once(ports.cluster, ref, pod_uid(*pod), stop);
  return true;
}

bool must_turn_back(const Migrator::Ports& ports, const Journal& journal, const StopToken& stop) {
  const auto start = journal.effect_with<op::StartCopy>();
  if (!start || source_retired(journal)) return false;
  try {
    Operations(ports).run(start->operation, stop.within(std::chrono::seconds(90)));
    return false;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::unavailable || error.kind() == ErrorKind::forbidden)
      throw;  // it may well serve: nothing was seen
  }
  return withdraw_copy({ports.cluster, ports.images, ports.restores}, journal, false, stop);
}

}  // namespace ms2m
