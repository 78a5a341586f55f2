#include "plan/autoscalers.hpp"

#include <algorithm>
#include <string_view>

#include "kube/objects/object.hpp"
#include "ms2m/remedy.hpp"
#include "plan/facts.hpp"

namespace ms2m {
namespace {

using remedy::Command;

constexpr std::string_view kKedaPrefix = "keda-hpa-";

bool targets(const ScaleTarget& target, const ScaledWorkload& workload) {
  return target.in_apps && target.name == workload.name && target.kind == workload.kind;
}

/// Whose autoscaler it is, if KEDA's; else empty.
std::string keda_owner(const HorizontalPodAutoscaler& hpa, const std::vector<ScaledObject>& scaled_objects) {
  if (!hpa.keda.empty()) return hpa.keda;
  for (const ScaledObject& object : scaled_objects)
    if (hpa.name == std::string(kKedaPrefix) + object.name || hpa.name == object.autoscaler) return object.name;
  return hpa.name.rfind(kKedaPrefix, 0) == 0 ? hpa.name.substr(kKedaPrefix.size()) : "";
}

Autoscaler keda(const std::string& ns, const std::string& name, int replicas, const Place& place) {
  return {"KEDA's ScaledObject " + name,
          remedy::command(Command::pause_scaled_object, place, {ns, name, std::to_string(replicas)}),
          remedy::command(Command::go_on_scaling, place, {ns, name})};
}

Autoscaler plain(const std::string& ns, const HorizontalPodAutoscaler& hpa, int replicas, const Place& place) {
  const auto patch = [&](int least, int most) {
    return remedy::command(Command::bound_autoscaler, place, {ns, hpa.name, bounds_patch(least, most).dump()});
  };
  return {"HorizontalPodAutoscaler " + hpa.name, patch(replicas, replicas),
          patch(hpa.least, hpa.most.value_or(replicas))};
}

}  // namespace

std::optional<ScaledWorkload> scaled_workload(const Facts& facts) {
  if (facts.deployment) return ScaledWorkload{"Deployment", facts.deployment->name, facts.deployment->replicas};
  if (!facts.owner) return std::nullopt;
  const auto owner = controller_of(facts.pod);
  return ScaledWorkload{owner ? owner->kind : "", facts.owner->name, facts.owner->replicas};
}

std::vector<Autoscaler> active_autoscalers(const Facts& facts, const ScaledWorkload& workload, const Place& place) {
  std::vector<Autoscaler> active;
  std::vector<std::string> told;
  for (const ScaledObject& object : facts.scaled_objects) {
    if (!targets(object.target, workload)) continue;
    told.push_back(object.name);
    if (!object.paused) active.push_back(keda(facts.ns, object.name, workload.replicas, place));
  }
  for (const HorizontalPodAutoscaler& hpa : facts.autoscalers) {
    if (!targets(hpa.target, workload)) continue;
    const std::string owner = keda_owner(hpa, facts.scaled_objects);
    if (std::find(told.begin(), told.end(), owner) != told.end() || hpa.keeps_number) continue;
    active.push_back(owner.empty() ? plain(facts.ns, hpa, workload.replicas, place)
                                   : keda(facts.ns, owner, workload.replicas, place));
  }
  return active;
}

}  // namespace ms2m
