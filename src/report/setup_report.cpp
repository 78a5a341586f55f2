#include "report/setup_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "ms2m/remedy.hpp"

namespace ms2m::report {
namespace {

constexpr std::size_t kContext = 3;

std::vector<std::string> lines_of(const std::optional<std::string>& text) {
  std::vector<std::string> lines;
  std::istringstream in(text.value_or(""));
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  if (text && !text->empty() && text->back() != '\n') lines.back() += "\n\\ No newline at end of file";
  return lines;
}

std::string range(std::size_t first, std::size_t end) {
  return fmt::format("{},{}", end > first ? first + 1 : first, end - first);
}

std::string told(const SetupFile& file) {
  const std::string value = file.after.value_or("");
  if (file.kind == SetupKind::program && file.after) return " (build " + value + ")";
  if (file.kind == SetupKind::link && file.after) return " (a link to " + value + ")";
  return file.kind == SetupKind::directory ? "/" : "";
}

const char* state_word(SetupState state) {
  switch (state) {
    case SetupState::shown:
      return "shown";
    case SetupState::done:
      return "done";
    case SetupState::nothing:
      return "nothing to do";
    case SetupState::failed:
      return "failed";
  }
  return "";
}

Json file_json(const SetupFile& file) {
  Json json{{"path", file.path}, {"change", change_word(file)}, {"diff", nullptr}};
  if (file.kind == SetupKind::text) json["diff"] = unified_diff(file.path, file.before, file.after);
  if (file.kind == SetupKind::program) json["build"] = file.after ? Json(*file.after) : Json(nullptr);
  return json;
}

}  // namespace

std::string unified_diff(const std::string& path, const std::optional<std::string>& before,
                         const std::optional<std::string>& after) {
  if (before == after) return "";
  const auto old_lines = lines_of(before), new_lines = lines_of(after);
  const std::size_t shorter = std::min(old_lines.size(), new_lines.size());
  std::size_t same = 0, tail = 0;
  while (same < shorter && old_lines[same] == new_lines[same]) ++same;
  while (tail < shorter - same && old_lines[old_lines.size() - 1 - tail] == new_lines[new_lines.size() - 1 - tail])
    ++tail;
  const std::size_t first = same - std::min(same, kContext), shown_tail = std::min(tail, kContext);
  const std::size_t old_end = old_lines.size() - tail, new_end = new_lines.size() - tail;
  std::string text =
      fmt::format("--- {}\n+++ {}\n@@ -{} +{} @@\n", before ? path : "/dev/null", after ? path : "/dev/null",
                  range(first, old_end + shown_tail), range(first, new_end + shown_tail));
  for (std::size_t i = first; i < same; ++i) text += " " + old_lines[i] + "\n";
  for (std::size_t i = same; i < old_end; ++i) text += "-" + old_lines[i] + "\n";
  for (std::size_t i = same; i < new_end; ++i) text += "+" + new_lines[i] + "\n";
  for (std::size_t i = 0; i < shown_tail; ++i) text += " " + old_lines[old_end + i] + "\n";
  return text;
}

const char* change_word(const SetupFile& file) noexcept {
  if (!file.changes()) return "unchanged";
  if (!file.before) return "created";
  return file.after ? "changed" : "removed";
}

std::string restart_command(const NodeOfSetup& node) {
  return remedy::command(remedy::Command::restart_service, {}, {node.plan.service});
}

std::string setup_plan_text(const NodeOfSetup& node) {
  std::string text = fmt::format("{} ({})\n", node.node, node.plan.runtime);
  for (const SetupFile& file : node.plan.files) {
    text += fmt::format("  {:<9} {}{}\n", change_word(file), file.path, told(file));
    if (file.kind != SetupKind::text) continue;
    std::istringstream diff(unified_diff(file.path, file.before, file.after));
    for (std::string line; std::getline(diff, line);) text += "    " + line + "\n";
  }
  return text;
}

std::string setup_result_text(const NodeOfSetup& node) {
  if (node.failure) return fmt::format("{}: {}\n", node.node, node.failure->what());
  std::string text = fmt::format("{}: {}", node.node, state_word(node.state));
  if (node.restarted) text += fmt::format("; {} was restarted", node.plan.service);
  if (node.to_restart)
    text += fmt::format(
        "; {} has to be restarted to know of it (running containers stay). On {}: {}, or the same "
        "command again with --restart-runtime",
        node.plan.service, node.node, restart_command(node));
  return text + "\n";
}

Json setup_json(const std::vector<NodeOfSetup>& nodes, const ClassOfSetup& runtime_class, bool dry_run, int status) {
  Json all = Json::array();
  for (const NodeOfSetup& node : nodes) {
    Json files = Json::array();
    for (const SetupFile& file : node.plan.files) files.push_back(file_json(file));
    all.push_back({{"node", node.node},
                   {"runtime", node.plan.runtime},
                   {"result", state_word(node.state)},
                   {"error", node.failure ? Json(node.failure->what()) : Json(nullptr)},
                   {"cure", node.failure ? Json(node.failure->remedy()) : Json(nullptr)},
                   {"restarted", node.restarted},
                   {"restart_command", node.to_restart ? Json(restart_command(node)) : Json(nullptr)},
                   {"files", std::move(files)}});
  }
  return {
      {"kind", "node setup"},
      {"dry_run", dry_run},
      {"exit_status", status},
      {"nodes", std::move(all)},
      {"runtime_class", {{"name", kHandlerName}, {"change", runtime_class.change}, {"nodes", runtime_class.nodes}}}};
}

}  // namespace ms2m::report
