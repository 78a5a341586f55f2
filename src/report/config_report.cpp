#include "report/config_report.hpp"

#include <utility>

#include "report/outcome_report.hpp"
#include "report/table.hpp"

namespace ms2m::report {

namespace {

Json or_nothing(const std::string& text) { return text.empty() ? Json() : Json(text); }

}  // namespace

std::string config_text(const std::vector<ConfigRow>& rows, const std::string& path, const std::string& profile) {
  std::vector<std::vector<std::string>> table_rows{{"KEY", "VALUE", "FROM"}};
  for (const ConfigRow& row : rows)
    if (row.value) table_rows.push_back({row.key, *row.value, row.from});
  return (path.empty() ? "No config.yaml" : path) + (profile.empty() ? "" : ", profile " + profile) + "\n\n" +
         table(std::move(table_rows));
}

Json config_json(const std::vector<ConfigRow>& rows, const std::string& path, const std::string& profile) {
  Json items = Json::array();
  for (const ConfigRow& row : rows)
    items.push_back(
        {{"key", row.key}, {"value", row.value ? Json(*row.value) : Json()}, {"from", or_nothing(row.from)}});
  return {{"schema", kSchema},
          {"kind", "config"},
          {"path", or_nothing(path)},
          {"profile", or_nothing(profile)},
          {"items", items}};
}

}  // namespace ms2m::report
