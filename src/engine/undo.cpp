// Before the pivot, or when it is taken back: the source gets its queue, and what ms2m has made goes.
#include "engine/coordinator.hpp"
#include "engine/ending.hpp"
#include "engine/who_serves.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "undo/apply.hpp"

namespace ms2m {
namespace {

std::string not_sent_back(const Journal& journal) {
  if (!journal.effect_with<op::ThawSource>())
    return "the source could not be sent back; the dead man's switch will, if it is armed";
  return "the source could not be thawed; this does it: " +
         remedy::command(remedy::Command::resume_migration, {}, {journal.begin().value("id", "")});
}

/// A thawed source finds its connection closed. One that ends of that is started anew by its kubelet, in the same pod;
/// what the pod's status says comes later, so its node is asked (to thaw it once more).
void tell_started_anew(ContainerProcess& processes, const Journal& journal, Outcome& outcome) {
  const auto thaw = journal.effect_with<op::ThawSource>();
  if (!thaw || outcome.serving.who != ServedBy::source) return;
  const op::Frozen& source = thaw->operation.source;
  try {
    if (processes.thaw(source.node, source.container, StopToken().within(std::chrono::seconds(10)))) return;
  } catch (const Error&) {
    return;  // as who_serves.cpp
  }
  outcome.serving.who = ServedBy::started_anew;
  outcome.serving.why = "its container has ended meanwhile";
}

/// A copy that was restored may run still: its pod could not be removed, and no node has ended it.
bool copy_may_run(const Journal& journal) {
  bool pod_left = false;
  for (const Effect& effect : journal.effects()) {
    if (!effect.undo) continue;
    const Stage at = stage(*effect.undo);
    if (at == Stage::process && effect.settled) return false;
    if (at == Stage::copy && !effect.settled) pod_left = true;
  }
  return pod_left;
}

/// Of a copy that may run: one that loses its hold queue could go to the primary, beside the source.
void keep_queues(const Journal& journal, Outcome& outcome) {
  const std::string id = journal.begin().value("id", "");
  for (const Effect& effect : journal.effects())
    if (effect.undo && !effect.settled && kQueues.contains(stage(*effect.undo)))
      outcome.leftovers.push_back({describe(*effect.undo) + ": not while the copy may run",
                                   remedy::command(remedy::Command::abort_migration, {}, {id})});
}

}  // namespace

void Migrator::Impl::undo(Journal& journal, Outcome& outcome, Seconds limit,
                          const std::function<void()>& source_decided) {
  Operations operations(ports);
  const auto stage = [&](Stages stages, bool stop_at_failure) {
    Applied settled = apply(journal, Direction::undo, operations, observer, {limit, stages, stop_at_failure});
    for (auto& text : settled.done) outcome.undone.push_back(std::move(text));
    for (Leftover& left : settled.left) outcome.leftovers.push_back(std::move(left));
    return settled.left.empty();
  };
  outcome.undone.clear();
  outcome.leftovers.clear();
  timed->line.waits_for({WaitFor::consumer, "the source to be back, the copy to go"});
  const bool back = stage(kSourceBack, true);
  if (source_decided) source_decided();
  stage(kCopy, false);
  // While the source is not back, its queues and the dead man's switch, which sends it back, must stay.
  if (back && copy_may_run(journal))
    keep_queues(journal, outcome);
  else if (back)
    stage(kQueues, false);
  stage(kNodes, false);
  if (outcome.leftovers.empty()) stage(kLease, false);
  timed->line.waits_for();
  if (back)
    outcome.serving = source_serves(ports.cluster, outcome, journal.begin().value("source_uid", ""));
  else
    outcome.serving = {.who = ServedBy::uncertain, .why = not_sent_back(journal)};
  tell_started_anew(ports.processes, journal, outcome);
  end(journal, outcome, {Ending::Way::back});
}

}  // namespace ms2m
