#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "report/phase_table.hpp"
#include "report/plan_report.hpp"
#include "report/units.hpp"

namespace ms2m::report {

namespace {

std::string finding_lines(const std::vector<Finding>& findings) {
  std::size_t check_width = 8;
  for (const auto& finding : findings) check_width = std::max(check_width, width(finding.check));
  std::string text;
  for (const auto& finding : findings) {
    text += fmt::format("  {}  {}  {}\n", pad(to_word(finding.level), 7), pad(finding.check, check_width),
                        printable(reason(finding)));
    if (!finding.cure.empty() && finding.level != Level::ok)
      text += fmt::format("  {}  cure: {}\n", pad("", 7 + 2 + check_width), printable(finding.cure));
  }
  return text;
}

std::string step_lines(const std::vector<PlannedStep>& steps) {
  std::string text;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    text += fmt::format("  {:>2}  {}  {}\n", i + 1, pad(to_string(steps[i].phase), 13), printable(steps[i].text));
    if (!steps[i].undo.empty()) text += fmt::format("  {}  undo: {}\n", pad("", 17), printable(steps[i].undo));
  }
  return text;
}

/// "0.9-1.6 s"
std::string range(Seconds least, Seconds most) {
  const int digits = most.count() < 1 ? 2 : most.count() < 100 ? 1 : 0;
  return fmt::format("{:.{}f}-{:.{}f} s", least.count(), digits, most.count(), digits);
}

std::string predicted_table(const std::vector<PredictedPhase>& predicted) {
  std::vector<std::vector<std::string>> rows{{"Phase", "Predicted", "Basis"}};
  for (const auto& phase : predicted)
    rows.push_back({to_string(phase.phase), range(phase.least, phase.most), phase.basis});
  const PredictedPhase total = sum(predicted);
  rows.push_back({"Total", range(total.least, total.most), ""});
  return markdown_table(rows);
}

std::string head(const Plan& plan) {
  const std::string owner =
      plan.owner.empty() ? "no owner" : fmt::format("{} {}", to_string(plan.procedure.workload), plan.owner);
  return fmt::format(
      "Plan {}: pod {}/{} ({}) from {} to {}{}\n"
      "Strategy {}, container {}, queue {}\n",
      plan.id, plan.ns, plan.source_pod, owner, plan.source_node, plan.target_node,
      plan.target_pod == plan.source_pod ? ", keeping its name" : " as " + plan.target_pod,
      to_string(plan.procedure.strategy), plan.container, plan.queue);
}

std::string what_was_changed(const Brought& brought) {
  if (brought.empty()) return "Nothing was changed.\n";
  return fmt::format(
      "Nothing was changed, but that the node program is kept on {} now ('ms2m node forget {}' removes it).\n",
      fmt::join(brought, " and "), fmt::join(brought, " "));
}

}  // namespace

PredictedPhase sum(const std::vector<PredictedPhase>& predicted) {
  PredictedPhase total{Phase::finalizing, Seconds(0), "", Seconds(0), Seconds(0)};
  for (const auto& phase : predicted) {
    total.elapsed += phase.elapsed;
    total.least += phase.least;
    total.most += phase.most;
  }
  return total;
}

const char* to_word(Level level) noexcept {
  switch (level) {
    case Level::ok:
      return "ok";
    case Level::warning:
      return "warning";
    case Level::refusal:
      return "refusal";
  }
  return "?";
}

std::string reason(const Finding& finding) { return (finding.asked ? "" : "could not be asked: ") + finding.text; }

std::string plan_text(const Plan& plan, const Brought& brought) {
  std::string text = head(plan);
  if (!plan.findings.empty()) text += "\nFindings\n" + finding_lines(plan.findings);
  if (!plan.steps.empty()) text += "\nSteps\n" + step_lines(plan.steps);
  if (!plan.diff.empty()) {
    text += "\nThe pod, source to target\n";
    for (const auto& line : plan.diff) text += "  " + printable(line) + "\n";
  }
  if (!plan.predicted.empty()) text += "\nPredicted\n" + predicted_table(plan.predicted);
  if (!plan.notes.empty()) {
    text += "\nNotes\n";
    for (const auto& note : plan.notes) text += "  - " + printable(note) + "\n";
  }
  return text + (plan.refused() ? "\nThis would be refused; see the findings. " : "\n") + what_was_changed(brought);
}

std::string check_text(const Plan& plan, const Brought& brought) {
  const auto count = [&plan](Level level) {
    return std::count_if(plan.findings.begin(), plan.findings.end(),
                         [level](const Finding& finding) { return finding.level == level; });
  };
  const auto refusals = count(Level::refusal);
  const auto warnings = count(Level::warning);
  std::string text = finding_lines(plan.findings);
  text += refusals == 0
              ? fmt::format("pod {}/{} can be migrated to {}", plan.ns, plan.source_pod, plan.target_node)
              : fmt::format("pod {}/{} cannot be migrated to {} as it is", plan.ns, plan.source_pod, plan.target_node);
  return text +
         fmt::format(": {} refusal{}, {} warning{}\n", refusals, refusals == 1 ? "" : "s", warnings,
                     warnings == 1 ? "" : "s") +
         (brought.empty() ? "" : what_was_changed(brought));
}

}  // namespace ms2m::report
