#include "strategy/strategy.hpp"

#include <algorithm>
#include <iterator>

#include "steps/hooks.hpp"
#include "strategy/wiring.hpp"
#include "undo/operations.hpp"

namespace ms2m {

namespace {

Steps own_steps_of(const Procedure& procedure, const MigrationRequest& request) {
  switch (procedure.course) {
    case Course::handoff:
      return handoff_steps(procedure, request);
    case Course::shadow:
      return shadow_steps(procedure, request);
    case Course::fanout:
      return fanout_steps();
    case Course::valve:
      return valve_steps(procedure, request);
    case Course::in_place:
      return in_place_steps(procedure);
    case Course::sequential:
      return sequential_steps();
    case Course::replay:
      return replay_steps(request);
    case Course::hybrid:
      return hybrid_steps(procedure, request);
  }
  return {};
}

}  // namespace

Steps steps_of(const Procedure& procedure, const MigrationRequest& request) {
  Steps steps = own_steps_of(procedure, request);
  if (has_hook(request, HookPoint::before_quiet)) {
    const auto first = std::find_if(steps.begin(), steps.end(), [](const Step& step) { return step.disturbs; });
    Step before = step::before_quiet;
    if (first != steps.begin()) before.phase = std::prev(first)->phase;  // that is under way
    steps.insert(first, before);
  }
  // A source that stands frozen until it is deleted does not wait for a hook: a probe of its kubelet's would start it
  // anew, beside the copy. Those hooks run once the move is finished.
  if (has_hook(request, HookPoint::after_pivot) && !procedure.freezes_source()) steps.push_back(step::after_pivot);
  return steps;
}

namespace {

/// When the source goes first, the journal is what brings the copy.
Phase phase_of(Stage stage, const Procedure& procedure) {
  if (procedure.source_first() && stage < Stage::serve) return Phase::restoring;
  return stage <= Stage::serve ? Phase::replaying : Phase::finalizing;
}

}  // namespace

std::vector<PlannedStep> planned_steps(const Move& move) {
  std::vector<PlannedStep> lines;
  std::vector<std::pair<Stage, PlannedStep>> endings;
  for (const Step& step : steps_of(move.plan.procedure, move.request))
    for (const Announced& each : step.announce(move)) {
      const std::string undo = each.undo ? planned_words(*each.undo) : "";
      if (!each.text.empty()) lines.push_back({step.phase, each.text, undo});
      if (!each.finish) continue;
      const Stage when = stage(*each.finish);
      endings.push_back(
          {when, {phase_of(when, move.plan.procedure), planned_words(*each.finish), each.text.empty() ? undo : ""}});
    }
  std::stable_sort(endings.begin(), endings.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [when, line] : endings) lines.push_back(std::move(line));
  return lines;
}

}  // namespace ms2m
