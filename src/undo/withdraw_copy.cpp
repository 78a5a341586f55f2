#include "undo/withdraw_copy.hpp"

#include "handover/waits.hpp"
#include "ms2m/error.hpp"
#include "undo/operations.hpp"
#include "undo/uncontrolled_operations.hpp"

namespace ms2m {

namespace {

/// The source is gone for good: there is nothing to turn back to.
bool source_retired(const Journal& journal) {
  for (const Effect& effect : journal.effects())
    if (effect.settled && effect.finish.is_object() && effect.finish.contains("frozen")) return true;
  return false;
}

Json start_of(const Journal& journal) {
  const auto effect = journal.effect_with("start_copy");
  return effect ? effect->finish : Json();
}

}  // namespace

bool withdraw_copy(const Migrator::Ports& ports, const Journal& journal, bool valve_held, const StopToken& stop) {
  const Json start = start_of(journal);
  const ObjectRef ref{Kind::pod, start.value("ns", ""), start.value("pod", "")};
  const auto serves = [&](const std::optional<Json>& pod) {
    return !valve_held && pod && ever_started(*pod, start.value("container", ""));
  };
  if (serves(ports.cluster.get(ref, stop))) return false;  // it may need the name again
  // Without the name no attempt of the kubelet can succeed any more.
  ports.images.remove_name(start.value("node", ""), start.value("image", ""), stop);
  const auto pod = ports.cluster.get(ref, stop);
  if (!pod) return true;
  if (serves(pod)) return false;
  remove_at_once(ports.cluster, ref, pod->at("metadata").at("uid"), stop);
  return true;
}

bool must_turn_back(const Migrator::Ports& ports, const Journal& journal, const StopToken& stop) {
  const Json start = start_of(journal);
  if (!start.is_object() || source_retired(journal)) return false;
  try {
    Operations(ports).run(start, stop.within(std::chrono::seconds(90)));
    return false;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::unavailable || error.kind() == ErrorKind::forbidden)
      throw;  // it may well serve: nothing was seen
  }
  return withdraw_copy(ports, journal, false, stop);
}

}  // namespace ms2m
