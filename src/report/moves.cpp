#include "report/moves.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "report/fields.hpp"
#include "report/outcome_report.hpp"
#include "report/table.hpp"
#include "report/units.hpp"

namespace ms2m::report {
namespace {

std::string side(const Json& move, const char* which, const char* field) {
  const Json object = object_in(move, which);
  return object.is_object() ? text_in(object, field) : "";
}

std::string time_text(const Json& move, const char* key) {
  const auto time = number_in(move, key);
  return time ? duration(Seconds(*time)) : "-";
}

std::string number_text(const std::optional<double>& number) { return number ? fmt::format("{:g}", *number) : ""; }

/// Of those phases together; nullopt: none of them came.
std::optional<double> seconds_of(const Json& move, std::initializer_list<const char*> names) {
  std::optional<double> sum;
  for (const Json& phase : list_in(move, "phases"))
    if (std::any_of(names.begin(), names.end(), [&](const char* name) { return text_in(phase, "phase") == name; }))
      sum = sum.value_or(0) + number_in(phase, "seconds").value_or(0);
  return sum;
}

std::string csv_word(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string label_value(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n') {
      escaped += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

std::string moves_text(const Moves& moves) {
  if (moves.empty()) return "No migration has left a result here.\n";
  std::vector<std::vector<std::string>> rows{
      {"ID", "STARTED", "RESULT", "POD", "FROM", "TO", "STRATEGY", "TOTAL", "GAP", "SENT"}};
  for (const Json& move : moves) {
    const auto bytes = number_in(move, "bytes");
    rows.push_back({text_in(move, "id"), text_in(move, "started"), text_in(move, "result"),
                    text_in(move, "namespace") + "/" + side(move, "source", "pod"), side(move, "source", "node"),
                    side(move, "target", "node"), text_in(move, "strategy"), time_text(move, "total_s"),
                    time_text(move, "gap_s"), bytes ? size(Bytes{static_cast<std::uint64_t>(*bytes)}) : "-"});
  }
  return table(std::move(rows));
}

Json moves_json(const Moves& moves) { return {{"schema", kSchema}, {"kind", "report"}, {"items", moves}}; }

std::string moves_csv(const Moves& moves) {
  std::string text =
      "run,msg_rate,configuration,downtime_ms,total_time_s,checkpoint_s,transfer_s,restore_s,replay_s,finalize_s,"
      "status\n";
  for (const Json& move : moves) {
    auto gap = number_in(move, "gap_s");
    if (gap) gap = std::round(*gap * 1e4) / 10;
    const std::string carrier = text_in(move, "carrier");
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{}\n", csv_word(text_in(move, "id")),
                        number_text(number_in(move, "arrival_rate")),
                        csv_word(text_in(move, "strategy") + (carrier.empty() ? "" : "-" + carrier)), number_text(gap),
                        number_text(number_in(move, "total_s")),
                        number_text(seconds_of(move, {"Preparing", "Checkpointing"})),
                        number_text(seconds_of(move, {"Transferring"})), number_text(seconds_of(move, {"Restoring"})),
                        number_text(seconds_of(move, {"Replaying"})), number_text(seconds_of(move, {"Finalizing"})),
                        csv_word(text_in(move, "result")));
  }
  return text;
}

std::string moves_metrics(const Moves& moves) {
  constexpr std::array<std::array<const char*, 3>, 4> kGauges{
      {{"ms2m_migration_total_seconds", "total_s", "From the first effect to the last one."},
       {"ms2m_migration_gap_seconds", "gap_s", "The longest time in which nobody worked on the queue."},
       {"ms2m_migration_sent_bytes", "bytes", "What was sent from node to node."},
       {"ms2m_migration_exit_status", "exit_status", "0: moved."}}};
  std::string text;
  for (const auto& [name, key, help] : kGauges) {
    std::string values;
    for (const Json& move : moves)
      if (const auto value = number_in(move, key))
        values += fmt::format(
            "{}{{id=\"{}\",namespace=\"{}\",pod=\"{}\",source=\"{}\",target=\"{}\",strategy=\"{}\",result=\"{}\"}} "
            "{}\n",
            name, label_value(text_in(move, "id")), label_value(text_in(move, "namespace")),
            label_value(side(move, "source", "pod")), label_value(side(move, "source", "node")),
            label_value(side(move, "target", "node")), label_value(text_in(move, "strategy")),
            label_value(text_in(move, "result")), *value);
    text += fmt::format("# HELP {} {}\n# TYPE {} gauge\n{}", name, help, name, values);
  }
  std::map<std::string, int> counts;
  for (const Json& move : moves) ++counts[text_in(move, "result")];
  text += "# HELP ms2m_migrations Migrations whose result is kept on this machine.\n# TYPE ms2m_migrations gauge\n";
  for (const auto& [result, count] : counts)
    text += fmt::format("ms2m_migrations{{result=\"{}\"}} {}\n", label_value(result), count);
  return text;
}

}  // namespace ms2m::report
