#include "kube/objects/selector.hpp"

#include <algorithm>

namespace ms2m {

bool selects(const Json& selector, const Labels& labels) {
  const Json wanted = selector.value("matchLabels", Json::object());
  for (const auto& [key, value] : wanted.items())
    if (!labels.contains(key) || labels.at(key) != value) return false;
  for (const Json& expression : selector.value("matchExpressions", Json::array())) {
    const std::string key = expression.value("key", ""), op = expression.value("operator", "");
    const Json values = expression.value("values", Json::array());
    const bool present = labels.contains(key);
    const bool listed = present && std::find(values.begin(), values.end(), labels.at(key)) != values.end();
    if ((op == "In" && !listed) || (op == "NotIn" && listed) || (op == "Exists" && !present) ||
        (op == "DoesNotExist" && present))
      return false;
  }
  return true;
}

std::optional<std::string> deciding_label(const Json& selector, const Labels& labels) {
  for (const auto& [key, value] : labels) {
    Labels fewer = labels;
    fewer.erase(key);
    if (!selects(selector, fewer)) return key;
  }
  return std::nullopt;
}

}  // namespace ms2m
