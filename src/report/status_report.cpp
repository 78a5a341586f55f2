#include "report/status_report.hpp"

#include <fmt/format.h>

#include <utility>

#include "report/or_null.hpp"
#include "report/table.hpp"
#include "report/units.hpp"

namespace ms2m::report {
namespace {

std::string pod_of(const Status& s) { return s.source_pod.empty() ? "" : s.ns + "/" + s.source_pod; }

std::string phase_of(const Status& s) {
  std::string text = s.phase;
  if (!s.phase.empty() && s.in_phase) text += " " + duration(*s.in_phase);
  if (s.done) text += ", " + size(*s.done) + (s.total ? " of " + size(*s.total) : "");
  return text;
}

}  // namespace

std::string statuses_text(const std::vector<Status>& all, const std::string& about) {
  if (all.empty()) return "No migration is under way " + printable(about) + ".\n";
  std::vector<std::vector<std::string>> rows{{"ID", "STATE", "POD", "FROM", "TO", "QUEUE", "PHASE", "SINCE"}};
  for (const Status& s : all)
    rows.push_back({s.id, s.state, pod_of(s), s.source_node, s.target_node, s.queue, phase_of(s), s.started});
  std::string text = table(std::move(rows));
  for (const Status& s : all) {
    if (!s.error.empty()) text += "\n" + printable(s.id + ": " + s.error) + "\n";
    if (!s.remedy.empty()) text += (s.error.empty() ? "\n" + s.id + ": " : "") + printable(s.remedy) + "\n";
  }
  return text;
}

std::string status_text(const Status& s) {
  std::string text;
  const auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) text += fmt::format("{:<10} {}\n", name, printable(value));
  };
  line("migration", s.id);
  line("state", s.state);
  line("pod", pod_of(s) + (s.source_node.empty() ? "" : " on " + s.source_node));
  line("to", s.target_node.empty() ? "" : s.target_pod + " on " + s.target_node);
  line("queue", s.queue);
  line("strategy", s.strategy);
  line("by", s.holder);
  line("started", s.started);
  line("ended", s.ended);
  line("phase", phase_of(s));
  line("last", s.text);
  for (std::size_t i = 0; i < s.open.size(); ++i) line(i == 0 ? "open" : "", s.open[i]);
  line("error", s.error);
  line("next", s.remedy);
  return text;
}

Json statuses_json(const std::vector<Status>& all) {
  Json items = Json::array();
  for (const Status& s : all)
    items.push_back({{"id", s.id},
                     {"state", s.state},
                     {"namespace", or_null(s.ns)},
                     {"source", {{"pod", or_null(s.source_pod)}, {"node", or_null(s.source_node)}}},
                     {"target", {{"pod", or_null(s.target_pod)}, {"node", or_null(s.target_node)}}},
                     {"queue", or_null(s.queue)},
                     {"strategy", or_null(s.strategy)},
                     {"holder", or_null(s.holder)},
                     {"started", or_null(s.started)},
                     {"ended", or_null(s.ended)},
                     {"phase", or_null(s.phase)},
                     {"phase_s", or_null(s.in_phase)},
                     {"text", or_null(s.text)},
                     {"bytes", or_null(s.done)},
                     {"total_bytes", or_null(s.total)},
                     {"open", s.open},
                     {"error", or_null(s.error)},
                     {"remedy", or_null(s.remedy)}});
  return {{"schema", kSchema}, {"kind", "status"}, {"items", items}};
}

}  // namespace ms2m::report
