#include "report/journal_report.hpp"

#include <utility>

#include "report/outcome_report.hpp"
#include "report/table.hpp"
#include "report/units.hpp"

namespace ms2m::report {

std::string journals_text(const std::vector<JournalSummary>& journals) {
  if (journals.empty()) return "No migration has a journal here.\n";
  std::vector<std::vector<std::string>> rows{{"ID", "STARTED", "STATE", "POD", "FROM", "TO", "STRATEGY", "QUEUE"}};
  for (const auto& j : journals)
    rows.push_back({j.id, j.started, j.state, j.ns.empty() ? "" : j.ns + "/" + j.source_pod, j.source_node,
                    j.target_node, j.strategy, j.queue});
  std::string text = table(std::move(rows));
  for (const auto& j : journals)
    if (!j.error.empty())
      text += "\n" + printable(j.id + ": " + j.error) + "\n" + (j.remedy.empty() ? "" : printable(j.remedy) + "\n");
  return text;
}

Json journals_json(const std::vector<JournalSummary>& journals) {
  Json items = Json::array();
  for (const auto& j : journals)
    items.push_back({{"id", j.id},
                     {"started", j.started},
                     {"state", j.state},
                     {"pivoted", j.pivoted},
                     {"namespace", j.ns},
                     {"source", {{"pod", j.source_pod}, {"node", j.source_node}}},
                     {"target", {{"pod", j.target_pod}, {"node", j.target_node}}},
                     {"queue", j.queue},
                     {"strategy", j.strategy},
                     {"kubeconfig", j.kubeconfig},
                     {"context", j.context},
                     {"server", j.server},
                     {"broker", j.broker},
                     {"pid", j.pid},
                     {"host", j.host},
                     {"error", j.error}});
  return {{"schema", kSchema}, {"kind", "journals"}, {"items", items}};
}

}  // namespace ms2m::report
