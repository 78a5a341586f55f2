#include "kube/objects/selector.hpp"

#include <algorithm>

#include "base/fields.hpp"

namespace ms2m {

bool selects(const Json& selector, const Labels& labels) {
  for (const auto& [key, value] : object_at(selector, "matchLabels").items())
    if (!labels.contains(key) || labels.at(key) != value) return false;
  for (const Json& expression : array_at(selector, "matchExpressions")) {
    const std::string key = text_at(expression, "key"), op = text_at(expression, "operator");
    const Json& values = array_at(expression, "values");
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
