#include <fmt/format.h>

#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "report/outcome_report.hpp"
#include "report/phase_table.hpp"
#include "report/units.hpp"

namespace ms2m::report {

namespace {

bool migrated(const Outcome& outcome) {
  return outcome.result == Result::done || outcome.result == Result::cleanup_incomplete;
}

std::string labelled(const char* label, const std::string& text) {
  return text.empty() ? std::string() : pad(label, 10) + printable(text) + "\n";
}

std::string headline(const Outcome& outcome) {
  const std::string where =
      outcome.failed_phase ? fmt::format(" while {}", to_string(*outcome.failed_phase)) : std::string();
  const std::string why = printable(outcome.error);
  if (outcome.result == Result::refused) return fmt::format("refused, nothing was touched: {}\n", why);
  if (outcome.interrupted)
    return fmt::format("interrupted{}{}\n", where, why.empty() || why == Cancelled().what() ? "" : ": " + why);
  if (outcome.result == Result::cleanup_incomplete)
    return why.empty() ? "migrated, but not everything of ms2m's could be removed\n"
                       : fmt::format("migrated, but not everything of ms2m's could be removed: {}\n", why);
  if (!why.empty()) return fmt::format("failed{}: {}\n", where, why);
  // Of a run that ended without a word nobody knows the cause: it is taken up by another one.
  return outcome.result == Result::undone ? "undone, for it had ended before its pivot: the pod has not moved\n"
                                          : fmt::format("failed{}\n", where);
}

std::string undone_lines(const Outcome& outcome) {
  std::string text;
  for (const auto& entry : outcome.undone) text += labelled(text.empty() ? "Undone:" : "", entry);
  return text;
}

std::string leftover_lines(const Outcome& outcome) {
  std::string text;
  for (const auto& left : outcome.leftovers) {
    text += labelled(text.empty() ? "Left:" : "", left.what);
    if (!left.command.empty()) text += labelled("", "  do it with: " + left.command);
  }
  return text;
}

/// Of those after which there was nothing to undo any more.
std::string hook_lines(const Outcome& outcome) {
  std::string text;
  for (const auto& run : outcome.hooks)
    if (run.at != HookPoint::before_quiet && !run.failure.empty())
      text += labelled("Hook:", fmt::format("{} failed: {}", to_string(run.at), run.failure));
  return text;
}

std::string hook_headline(const Outcome& outcome) {
  if (failed_hook(outcome) == nullptr) return {};
  return "migrated, but a hook failed; what it was to do is for you to do\n" + hook_lines(outcome);
}

std::string next_lines(const Outcome& outcome) {
  using remedy::Command;
  if (outcome.id.empty() || outcome.result == Result::refused) return {};
  if (outcome.result == Result::cleanup_incomplete)
    return labelled("Next:", remedy::command(Command::clean_up, {}, {outcome.id}));
  if (outcome.result != Result::leftovers) return {};
  if (outcome.resumable)
    return labelled("Next:", fmt::format("{}   (or: {})", remedy::command(Command::resume_migration, {}, {outcome.id}),
                                         remedy::command(Command::abort_migration, {}, {outcome.id})));
  return labelled("Next:", remedy::command(Command::abort_migration, {}, {outcome.id}));
}

}  // namespace

std::string success_text(const Outcome& outcome, Detail detail) {
  if (!migrated(outcome)) return {};
  std::string text;
  if (!outcome.source_pod.empty() && !outcome.target_pod.empty())
    text += fmt::format("Migrated pod {}/{} from {} to {}{} ({}, id {}).\n\n", outcome.ns, outcome.source_pod,
                        outcome.source_node, outcome.target_node,
                        outcome.target_pod == outcome.source_pod ? "" : " as " + outcome.target_pod, outcome.strategy,
                        outcome.id);
  if (!outcome.phases.empty()) text += phase_table(outcome) + "\n";
  text += measure_lines(outcome.measures);
  if (detail == Detail::more) text += wait_line(outcome.measures.critical_path);
  if (outcome.nodes)
    text += pad("Asked of the nodes", 19) +
            fmt::format("{} times, {} together\n", outcome.nodes->calls, duration(outcome.nodes->time));
  if (const std::string serving = to_string(outcome.serving); !serving.empty())
    text += pad("Serving now", 19) + printable(serving) + "\n";
  for (const auto& entry : outcome.undone) text += "Undone: " + printable(entry) + "\n";
  return text;
}

std::string failure_text(const Outcome& outcome) {
  if (outcome.result == Result::done && !outcome.interrupted) return hook_headline(outcome);
  std::string text = headline(outcome) + labelled("Cure:", outcome.remedy) + hook_lines(outcome);
  if (!migrated(outcome)) text += labelled("Serving:", to_string(outcome.serving)) + undone_lines(outcome);
  text += leftover_lines(outcome);
  if (outcome.result == Result::undone && outcome.leftovers.empty())
    text += labelled("Left:", outcome.undone.empty() ? "nothing" : "nothing: everything was undone");
  return text + next_lines(outcome);
}

std::string aborted_text(const Outcome& outcome) {
  std::string text = fmt::format("Migration {} is undone; nothing of it is left.\n", outcome.id);
  return text + labelled("Serving:", to_string(outcome.serving)) + undone_lines(outcome);
}

}  // namespace ms2m::report
