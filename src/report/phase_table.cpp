#include "report/phase_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "report/units.hpp"

namespace ms2m::report {

namespace {

std::string cell(const std::string& text) {
  std::string escaped;
  for (const char c : printable(text)) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string table_line(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string line = "|";
  for (std::size_t i = 0; i < cells.size(); ++i) line += " " + pad(cells[i], widths[i]) + " |";
  return line + "\n";
}

/// "preflight 1.2s, closing the connections 100ms"
std::string stretch_list(const std::vector<Stretch>& all) {
  std::string text;
  for (const auto& each : all)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", each.what, duration(each.length));
  return text;
}

}  // namespace

std::string markdown_table(const std::vector<std::vector<std::string>>& rows) {
  if (rows.empty()) return {};
  std::vector<std::vector<std::string>> cells;
  std::vector<std::size_t> widths(rows.front().size(), 3);
  for (const auto& row : rows) {
    auto& line = cells.emplace_back();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      line.push_back(i < row.size() ? cell(row[i]) : std::string());
      widths[i] = std::max(widths[i], width(line.back()));
    }
  }
  std::string text = table_line(cells.front(), widths) + "|";
  for (const auto columns : widths) text += std::string(columns + 2, '-') + "|";
  text += "\n";
  for (std::size_t i = 1; i < cells.size(); ++i) text += table_line(cells[i], widths);
  return text;
}

std::string phase_table(const Outcome& outcome) {
  const Seconds total = outcome.measures.total;
  std::vector<std::vector<std::string>> rows{{"Phase", "Duration", "% of Total", "Notes"}};
  for (const auto& phase : outcome.phases)
    rows.push_back({to_string(phase.phase), duration(phase.elapsed), percent(phase.elapsed, total), phase.note});
  if (outcome.measures.served)
    rows.push_back({"Served", duration(*outcome.measures.served), percent(*outcome.measures.served, total),
                    "from then on the target works; the rest is clean-up"});
  rows.push_back({"Total", duration(total), "100%", ""});
  if (outcome.wall)
    rows.push_back({"Command", duration(*outcome.wall), "",
                    outcome.outside.empty() ? "" : "besides: " + stretch_list(outcome.outside)});
  return markdown_table(rows);
}

std::string wait_line(const std::vector<Waited>& path) {
  if (path.empty()) return {};
  constexpr std::size_t kShown = 3;
  std::vector<Waited> longest;
  for (const Waited& each : path)
    if (!is_own(each.on)) longest.push_back(each);
  std::stable_sort(longest.begin(), longest.end(),
                   [](const Waited& a, const Waited& b) { return a.length > b.length; });
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, longest.size()); ++i)
    text += fmt::format("{} {} ({}), ", to_string(longest[i].on), duration(longest[i].length), longest[i].what);
  return pad("Waited for", 19) + printable(text) + "outside of all waits " + duration(own_time(path)) + "\n";
}

std::string measure_lines(const Measures& m) {
  std::vector<std::pair<std::string, std::string>> lines;
  const auto count = [](std::uint64_t n) { return fmt::format("{}", n); };
  if (m.source_pause) lines.emplace_back("Source pause", duration(*m.source_pause));
  if (m.gap) lines.emplace_back("Processing gap", duration(*m.gap));
  if (m.reconnect) lines.emplace_back("Reconnect", duration(*m.reconnect) + ", the copy's own, of Restoring");
  if (m.frozen) lines.emplace_back("Frozen at work", duration(*m.frozen) + ", while the valve closed");
  for (const auto& pause : m.pauses)
    lines.emplace_back(&pause == &m.pauses.front() ? "Pauses" : "",
                       fmt::format("{}, {}", duration(pause.length), printable(pause.what)));
  if (m.bytes)
    lines.emplace_back(
        "Bytes moved",
        fmt::format("{} ({}){}{}{}", m.bytes->count, size(*m.bytes),
                    m.travelled && *m.travelled < *m.bytes ? fmt::format(", compressed to {}", size(*m.travelled)) : "",
                    m.carriage == Carriage::direct     ? ", from node to node"
                    : m.carriage == Carriage::registry ? ", through the registry"
                                                       : "",
                    m.precopied ? ", and " + size(*m.precopied) + " while the source worked" : ""));
  if (m.held) lines.emplace_back("Messages held", count(*m.held));
  if (m.relayed) lines.emplace_back("Messages relayed", count(*m.relayed));
  if (m.returned) lines.emplace_back("Messages returned", count(*m.returned));
  if (m.arrival_rate) lines.emplace_back("Arrival rate", message_rate(*m.arrival_rate));
  if (m.service_rate) lines.emplace_back("Service rate", message_rate(*m.service_rate));
  if (m.stream)
    lines.emplace_back(
        "Offsets", fmt::format("{}{}source stopped at {}, target took over at {}{}",
                               m.stream->first < 0 ? "" : fmt::format("state from {} on; ", m.stream->first),
                               m.stream->checkpoint < 0 ? "" : fmt::format("checkpoint at {}; ", m.stream->checkpoint),
                               m.stream->stop, m.stream->cut_over, m.stream->same_state ? ", in the same state" : ""));
  if (m.dead_man_margin) lines.emplace_back("Dead-man margin", duration(*m.dead_man_margin));
  std::string text;
  for (const auto& [name, value] : lines) text += pad(name, 19) + value + "\n";
  return text;
}

}  // namespace ms2m::report
