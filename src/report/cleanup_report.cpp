#include "report/cleanup_report.hpp"

#include <fmt/format.h>

#include "report/outcome_report.hpp"
#include "report/units.hpp"

namespace ms2m::report {
namespace {

const char* word(Cleaning::Is is) {
  switch (is) {
    case Cleaning::Is::finished:
      return "finished";
    case Cleaning::Is::unfinished:
      return "unfinished";
    case Cleaning::Is::under_way:
      return "under_way";
    case Cleaning::Is::unreadable:
      return "unreadable";
  }
  return "";
}

std::string sentence(const Cleaning& one) {
  const JournalSummary& j = one.journal;
  switch (one.is) {
    case Cleaning::Is::finished:
      return fmt::format("Migration {} of {}/{} is over: its journal would be removed.", j.id, j.ns, j.source_pod);
    case Cleaning::Is::unfinished:
      return fmt::format("Migration {} of {}/{} would be {}{}", j.id, j.ns, j.source_pod,
                         j.pivoted ? "finished" : "undone", one.open.empty() ? "; nothing of it is left." : ":");
    case Cleaning::Is::under_way:
      return fmt::format("Migration {} of {}/{} is under way (pid {} on {}) and would be left alone.", j.id, j.ns,
                         j.source_pod, j.pid, j.host);
    case Cleaning::Is::unreadable:
      return fmt::format("Migration {} would be left alone: {}", j.id, j.error);
  }
  return "";
}

}  // namespace

std::string cleanings_text(const std::vector<Cleaning>& all) {
  std::string text;
  for (const Cleaning& one : all) {
    text += printable(sentence(one)) + "\n";
    for (const std::string& open : one.open) text += "  - " + printable(open) + "\n";
    if (!one.journal.remedy.empty()) text += "    " + printable(one.journal.remedy) + "\n";
  }
  return text;
}

std::string remnants_text(const std::vector<Remnant>& all, bool dry_run) {
  std::string text;
  for (const Remnant& one : all) {
    const char* is = !one.kept.empty() ? "Kept" : dry_run ? "Would be removed" : "Removed";
    const std::string why = one.kept.empty() ? "" : ": " + one.kept;
    text += printable(fmt::format("{}: {}, of migration {}{}", is, one.what, one.migration, why)) + "\n";
    if (!one.command.empty()) text += "    " + printable(one.command) + "\n";
  }
  return text;
}

Json remnants_json(const std::vector<Remnant>& all, bool looked) {
  if (!looked) return nullptr;
  Json items = Json::array();
  for (const Remnant& one : all)
    items.push_back({{"id", one.migration},
                     {"what", one.what},
                     {"removed", one.removed},
                     {"kept", one.kept.empty() ? Json() : Json(one.kept)},
                     {"command", one.command.empty() ? Json() : Json(one.command)}});
  return items;
}

Json cleanings_json(const std::vector<Cleaning>& all, const Json& remnants, const std::vector<Outcome>& untold,
                    int status) {
  Json items = Json::array();
  for (const Cleaning& one : all)
    items.push_back({{"id", one.journal.id},
                     {"namespace", one.journal.ns},
                     {"pod", one.journal.source_pod},
                     {"state", word(one.is)},
                     {"pivoted", one.journal.pivoted},
                     {"open", one.open},
                     {"error", one.journal.error.empty() ? Json() : Json(one.journal.error)}});
  Json errors = Json::array();
  for (const Outcome& one : untold) errors.push_back({{"id", one.id}, {"message", one.error}, {"remedy", one.remedy}});
  return {{"schema", kSchema}, {"kind", "cleanup"},    {"dry_run", true},      {"items", items},
          {"errors", errors},  {"remnants", remnants}, {"exit_status", status}};
}

}  // namespace ms2m::report
