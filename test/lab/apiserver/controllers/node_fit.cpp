// reason_not_to_run(): the scheduler's filters.
#include <algorithm>

#include "controllers/scheduler.hpp"
#include "values.hpp"

namespace ms2m::lab {

namespace {
bool holds(const Json& expression, const std::string& value, bool there) {
  const std::string op = text(expression, {"operator"});
  const Json& values = at(expression, {"values"});
  const bool listed = there && std::ranges::find(values, Json(value)) != values.end();
  if (op == "In") return listed;
  if (op == "NotIn") return !listed;
  if (op == "Exists") return there;
  if (op == "DoesNotExist") return !there;
  if (!there || values.empty()) return false;
  const auto left = std::strtoll(value.c_str(), nullptr, 10);
  const auto right = std::strtoll(values[0].get<std::string>().c_str(), nullptr, 10);
  return op == "Gt" ? left > right : left < right;
}

bool term_matches(const Json& term, const Json& node) {
  if (at(term, {"matchExpressions"}).empty() && at(term, {"matchFields"}).empty()) return false;
  for (const Json& expression : at(term, {"matchExpressions"})) {
    const Json& label = at(node, {"metadata", "labels", text(expression, {"key"})});
    if (!holds(expression, label.is_string() ? label.get<std::string>() : "", label.is_string())) return false;
  }
  for (const Json& expression : at(term, {"matchFields"}))
    if (!holds(expression, text(node, {"metadata", "name"}), true)) return false;
  return true;
}

bool affinity_matches(const Json& pod, const Json& node) {
  for (const auto& [key, value] : at(pod, {"spec", "nodeSelector"}).items())
    if (at(node, {"metadata", "labels", key}) != value) return false;
  const Json& required = at(
      pod, {"spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"});
  return required.is_null() ||
         std::ranges::any_of(required, [&](const Json& term) { return term_matches(term, node); });
}

bool tolerates(const Json& pod, const Json& taint) {
  return std::ranges::any_of(at(pod, {"spec", "tolerations"}), [&](const Json& toleration) {
    const std::string effect = text(toleration, {"effect"});
    if (!effect.empty() && effect != text(taint, {"effect"})) return false;
    const std::string key = text(toleration, {"key"});
    if (text(toleration, {"operator"}, "Equal") == "Exists") return key.empty() || key == text(taint, {"key"});
    return key == text(taint, {"key"}) && text(toleration, {"value"}) == text(taint, {"value"});
  });
}

std::int64_t requested(const Json& pod, const char* resource) {
  std::int64_t sum = 0;
  for (const Json& container : at(pod, {"spec", "containers"}))
    sum += quantity_millis(text(container, {"resources", "requests", resource}));
  return sum;
}
}  // namespace

std::string reason_not_to_run(const Store& store, const Json& pod, const Json& node) {
  if (!affinity_matches(pod, node)) return "node(s) didn't match Pod's node affinity/selector";
  for (const Json& taint : at(node, {"spec", "taints"})) {
    if (text(taint, {"effect"}) == "PreferNoSchedule" || tolerates(pod, taint)) continue;
    if (text(taint, {"key"}) == "node.kubernetes.io/unschedulable") return "node(s) were unschedulable";
    return "node(s) had untolerated taint {" + text(taint, {"key"}) + ": " + text(taint, {"value"}) + "}";
  }
  if (flag(node, {"spec", "unschedulable"})) return "node(s) were unschedulable";
  const auto pods = store.list(type_of("pods")).items;
  const std::string name = text(node, {"metadata", "name"});
  for (const char* resource : {"cpu", "memory"}) {
    std::int64_t used = requested(pod, resource);
    if (used == 0) continue;
    for (const ObjectPtr& other : pods) {
      const std::string phase = text(*other, {"status", "phase"});
      if (text(*other, {"spec", "nodeName"}) == name && phase != "Succeeded" && phase != "Failed")
        used += requested(*other, resource);
    }
    if (used > quantity_millis(text(node, {"status", "allocatable", resource})))
      return std::string("Insufficient ") + resource;
  }
  return "";
}

}  // namespace ms2m::lab
