#include "controllers/budget.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "controllers/pods.hpp"
#include "selector.hpp"
#include "values.hpp"

namespace ms2m::lab {

namespace {
const ResourceType& own_type() { return type_of("poddisruptionbudgets"); }

std::int64_t count_or_percent(const Json& value, std::int64_t all) {
  if (value.is_number()) return value.get<std::int64_t>();
  return std::llround(std::ceil(static_cast<double>(all) * std::stod(value.get<std::string>()) / 100));
}

// The pods that ought to be there: what their owners want, or the pods themselves when they have none.
std::int64_t expected_pods(const Store& store, const std::vector<ObjectPtr>& pods) {
  std::int64_t expected = 0;
  std::set<std::string> seen;
  for (const ObjectPtr& pod : pods) {
    const Json& owner = controller_of(*pod);
    const ResourceType* type = find_kind(text(owner, {"apiVersion"}), text(owner, {"kind"}));
    const ObjectPtr object = type == nullptr ? nullptr : store.find(*type, namespace_of(*pod), text(owner, {"name"}));
    if (!object)
      ++expected;
    else if (seen.insert(uid_of(*object)).second)
      expected += number(*object, {"spec", "replicas"});
  }
  return expected;
}
}  // namespace

void BudgetController::observe(const Event& event) {
  const std::string space = namespace_of(*event.object);
  if (event.type == &own_type()) enqueue({space, name_of(*event.object)});
  if (event.type == &type_of("pods")) enqueue_all(own_type(), space);
}

void BudgetController::sync(const WorkKey& key) {
  const ObjectPtr budget = store_.find(own_type(), key.first, key.second);
  if (!budget) return;
  const LabelSelector selector = LabelSelector::from_spec(at(*budget, {"spec", "selector"}));
  std::vector<ObjectPtr> pods;
  std::int64_t healthy = 0;
  for (const ObjectPtr& pod : store_.list(type_of("pods"), key.first).items) {
    if (!is_active(*pod) || !selector.matches(at(*pod, {"metadata", "labels"}))) continue;
    pods.push_back(pod);
    healthy += is_ready(*pod) ? 1 : 0;
  }
  const std::int64_t expected = expected_pods(store_, pods);
  const Json& least = at(*budget, {"spec", "minAvailable"});
  const Json& most = at(*budget, {"spec", "maxUnavailable"});
  std::int64_t desired = 0;
  if (!least.is_null()) desired = count_or_percent(least, expected);
  if (!most.is_null()) desired = std::max<std::int64_t>(0, expected - count_or_percent(most, expected));
  const std::int64_t allowed = std::max<std::int64_t>(0, healthy - desired);
  store_.update(own_type(), key.first, key.second, [&](Json& object) {
    Json& status = object["status"];
    status["currentHealthy"] = healthy;
    status["desiredHealthy"] = desired;
    status["expectedPods"] = expected;
    status["disruptionsAllowed"] = allowed;
    status["observedGeneration"] = number(object, {"metadata", "generation"});
    set_condition(status["conditions"], {{"type", "DisruptionAllowed"},
                                         {"status", allowed > 0 ? "True" : "False"},
                                         {"reason", allowed > 0 ? "SufficientPods" : "InsufficientPods"},
                                         {"message", ""},
                                         {"lastTransitionTime", rfc3339_now()}});
  });
}

}  // namespace ms2m::lab
