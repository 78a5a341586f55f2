// How a migration ends: after the pivot what is left of it is finished, before it undone, stage by stage; then who serves is told.
#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "migration/coordinator.hpp"
#include "migration/settle.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

/// True while the pod's owner is not what it was: gone, or smaller. What brings it back is named among what is left.
bool tell_owner(const Journal& journal, Outcome& outcome) {
  bool missing = false;
  for (const Effect& effect : journal.effects()) {
    const std::string name = effect.finish.is_object() ? effect.finish.value("op", "") : "";
    if (effect.settled || (name != "recreate_set" && name != "scale_up" && name != "take_identity")) continue;
    missing = true;
    const std::string what = describe(effect.finish);
    const bool named = std::any_of(outcome.leftovers.begin(), outcome.leftovers.end(), [&](const Leftover& left) { return left.what.rfind(what, 0) == 0; });
    if (!named) outcome.leftovers.push_back({what, "ms2m resume " + journal.begin().value("id", "ID")});
  }
  return missing;
}

}  // namespace

void tell_identity(const Journal& journal, Outcome& outcome) {
  const auto effect = journal.effect_with("take_identity");
  if (effect && effect->settled) outcome.target_pod = outcome.source_pod;
}

std::string serving(const char* kind, const std::string& ns, const std::string& pod, const std::string& node) {
  return fmt::format("{} pod {}/{} on {}", kind, ns, pod, node);
}

void Migrator::Impl::finish(Journal& journal, Outcome& outcome, Seconds limit) {
  bool lost = false;
  Operations operations(ports, [&](const Json& operation, const StopToken&) { lost = !take_identity(journal, operation, outcome); });
  const auto stage = [&](int from, int upto, bool stop_at_failure) {
    Settlement settled = settle(journal, Direction::finish, operations, observer, {limit, from, upto, stop_at_failure});
    for (Leftover& left : settled.left) outcome.leftovers.push_back(std::move(left));
    return settled.left.empty();
  };
  outcome.leftovers.clear();
  outcome.serving.clear();
  if (stage(0, kServing, true)) {
    // The source's termination takes its time; what is to be removed on the nodes does not depend on it. But a copy that is to
    // be copied once more must have nothing of the first time left there.
    const auto clean_nodes = [&] { return settle(journal, Direction::finish, operations, observer, {limit, kNodes, kLease - 1, false}); };
    std::future<Settlement> cleaning;
    Settlement cleaned;
    if (journal.effect_with("take_identity"))
      cleaned = clean_nodes();
    else
      cleaning = std::async(std::launch::async, clean_nodes);
    // A source that loses the hold queue could go back to the primary: its queues go only after it.
    if (stage(kServing + 1, kRetired, true)) stage(kRetired + 1, kNodes - 1, false);
    if (cleaning.valid()) cleaned = cleaning.get();
    for (Leftover& left : cleaned.left) outcome.leftovers.push_back(std::move(left));
    if (outcome.leftovers.empty()) stage(kLease, kAll, false);
  } else {
    outcome.serving = "nobody: the hand-over is not complete";
  }
  tell_identity(journal, outcome);
  const bool owner_missing = tell_owner(journal, outcome);
  if (outcome.leftovers.empty()) forget_children(journal);
  outcome.resumable = !outcome.leftovers.empty();
  const bool served = outcome.serving.rfind("nobody", 0) != 0;
  outcome.result = outcome.leftovers.empty() ? Result::done : served && !owner_missing ? Result::cleanup_incomplete : Result::leftovers;
  if (served) tell_who_serves(outcome);
  if (lost && outcome.result == Result::done) outcome.result = Result::undone;
  journal.end(outcome.result);
}

std::string Migrator::Impl::who_serves(const Outcome& outcome, bool target, const std::string& uid) {
  const std::string& name = target ? outcome.target_pod : outcome.source_pod;
  std::string node = target ? outcome.target_node : outcome.source_node, anew;
  try {
    const auto pod = ports.cluster.get({Kind::pod, outcome.ns, name}, StopToken().within(std::chrono::seconds(10)));
    if (!pod) return fmt::format("nobody: pod {}/{} is gone", outcome.ns, name);
    node = pod_node(*pod);
    if (!uid.empty() && pod_uid(*pod) != uid) anew = ", started anew: the pod that was to be moved is gone";
    const std::string phase = pod->value("status", Json::object()).value("phase", "Pending");
    if (phase != "Running") return fmt::format("nobody: pod {}/{} on {} is {}{}", outcome.ns, name, node, phase, anew);
  } catch (const Error&) {
    // Cannot be asked; the broker saw it consume.
  }
  // A StatefulSet's pod has the same name everywhere.
  const bool there = outcome.source_pod == outcome.target_pod ? node == outcome.target_node : target;
  return serving(there ? "target" : "source", outcome.ns, name, node) + anew;
}

void Migrator::Impl::tell_who_serves(Outcome& outcome) {
  outcome.serving = who_serves(outcome, true);
  const bool elsewhere = outcome.target_pod == outcome.source_pod && outcome.serving.rfind("source", 0) == 0;
  if (!elsewhere) return;
  if (outcome.result == Result::done) outcome.result = Result::undone;
  if (outcome.error.empty()) outcome.error = fmt::format("the restore on {} failed; the process was brought back on {}", outcome.target_node, outcome.source_node);
}

void Migrator::Impl::undo(Journal& journal, Outcome& outcome, Seconds limit, const std::function<void()>& source_decided) {
  Operations operations(ports);
  const auto stage = [&](int from, int upto, bool stop_at_failure) {
    Settlement settled = settle(journal, Direction::undo, operations, observer, {limit, from, upto, stop_at_failure});
    for (auto& text : settled.done) outcome.undone.push_back(std::move(text));
    for (Leftover& left : settled.left) outcome.leftovers.push_back(std::move(left));
    return settled.left.empty();
  };
  outcome.undone.clear();
  outcome.leftovers.clear();
  const bool back = stage(0, kRetired, true);
  if (source_decided) source_decided();
  stage(kRetired + 1, kQueues - 1, false);
  // While the source is not back, its queues and the dead man's switch, which sends it back, must stay.
  if (back) stage(kQueues, kNodes - 1, false);
  stage(kNodes, kLease - 1, false);
  if (outcome.leftovers.empty()) stage(kLease, kAll, false);
  outcome.result = outcome.leftovers.empty() ? Result::undone : Result::leftovers;
  outcome.resumable = !outcome.leftovers.empty();
  const char* nobody = journal.begin().value("protocol", "") == "none"
                           ? "nobody for certain: the source could not be thawed; ms2m resume does it"
                           : "nobody for certain: the source could not be sent back; the dead man's switch will, if it is armed";
  outcome.serving = back ? who_serves(outcome, false, journal.begin().value("source_uid", "")) : nobody;
  journal.end(outcome.result);
}

}  // namespace ms2m
