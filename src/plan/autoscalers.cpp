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
constexpr const char* kPausedReplicas = "autoscaling.keda.sh/paused-replicas";

bool targets(const Json& scaler, const ScaledWorkload& workload) {
  const Json ref = scaler.value("/spec/scaleTargetRef"_json_pointer, Json::object());
  const std::string version = ref.value("apiVersion", "apps/v1");
  return ref.value("name", "") == workload.name && ref.value("kind", "Deployment") == workload.kind &&
         version.rfind("apps/", 0) == 0;
}

/// Its value may be a string or, in a hand-written object, a number.
bool is_paused(const Json& scaled_object) {
  const Json annotations = scaled_object.at("metadata").value("annotations", Json::object());
  if (annotations.contains(kPausedReplicas)) return true;
  const auto paused = annotations.find("autoscaling.keda.sh/paused");
  return paused != annotations.end() && (*paused == "true" || *paused == true);
}

/// Neither up nor down, by its own behaviour or because there is one number only.
bool keeps_number(const Json& hpa) {
  const Json spec = hpa.value("spec", Json::object());
  const auto disabled = [&](const char* direction) {
    return spec.value(Json::json_pointer(std::string("/behavior/") + direction + "/selectPolicy"), "") == "Disabled";
  };
  return (disabled("scaleUp") && disabled("scaleDown")) || spec.value("minReplicas", 1) == spec.value("maxReplicas", 0);
}

/// Whose autoscaler it is, if KEDA's; else empty.
std::string keda_owner(const Json& hpa, const std::vector<Json>& scaled_objects) {
  const Json& metadata = hpa.at("metadata");
  const std::string name = metadata.value("name", "");
  for (const Json& owner : metadata.value("ownerReferences", Json::array()))
    if (owner.value("kind", "") == "ScaledObject") return owner.value("name", "");
  if (const std::string label = metadata.value("labels", Json::object()).value("scaledobject.keda.sh/name", "");
      !label.empty())
    return label;
  for (const Json& object : scaled_objects) {
    const std::string own = object.at("metadata").value("name", "");
    if (name == std::string(kKedaPrefix) + own ||
        name == object.value("/spec/advanced/horizontalPodAutoscalerConfig/name"_json_pointer, ""))
      return own;
  }
  return name.rfind(kKedaPrefix, 0) == 0 ? name.substr(kKedaPrefix.size()) : "";
}

Autoscaler keda(const std::string& ns, const std::string& name, int replicas, const Place& place) {
  return {"KEDA's ScaledObject " + name,
          remedy::command(Command::pause_scaled_object, place, {ns, name, std::to_string(replicas)}),
          remedy::command(Command::go_on_scaling, place, {ns, name})};
}

Autoscaler plain(const std::string& ns, const Json& hpa, int replicas, const Place& place) {
  const std::string name = hpa.at("metadata").value("name", "");
  const auto patch = [&](int least, int most) {
    const Json bounds{{"spec", {{"minReplicas", least}, {"maxReplicas", most}}}};
    return remedy::command(Command::bound_autoscaler, place, {ns, name, bounds.dump()});
  };
  const Json spec = hpa.value("spec", Json::object());
  return {"HorizontalPodAutoscaler " + name, patch(replicas, replicas),
          patch(spec.value("minReplicas", 1), spec.value("maxReplicas", replicas))};
}

}  // namespace

std::optional<ScaledWorkload> scaled_workload(const Facts& facts) {
  const std::optional<Json>& scaled = facts.deployment ? facts.deployment : facts.owner;
  if (!scaled) return std::nullopt;
  const Json* ref = controller_of(facts.pod);
  const std::string kind = facts.deployment ? "Deployment" : ref == nullptr ? "" : ref->value("kind", "");
  return ScaledWorkload{kind, scaled->at("metadata").value("name", ""),
                        scaled->value("spec", Json::object()).value("replicas", 1)};
}

std::vector<Autoscaler> active_autoscalers(const Facts& facts, const ScaledWorkload& workload, const Place& place) {
  std::vector<Autoscaler> active;
  std::vector<std::string> told;
  for (const Json& object : facts.scaled_objects) {
    if (!targets(object, workload)) continue;
    const std::string name = object.at("metadata").value("name", "");
    told.push_back(name);
    if (!is_paused(object)) active.push_back(keda(facts.ns, name, workload.replicas, place));
  }
  for (const Json& hpa : facts.autoscalers) {
    if (!targets(hpa, workload)) continue;
    const std::string owner = keda_owner(hpa, facts.scaled_objects);
    if (std::find(told.begin(), told.end(), owner) != told.end() || keeps_number(hpa)) continue;
    active.push_back(owner.empty() ? plain(facts.ns, hpa, workload.replicas, place)
                                   : keda(facts.ns, owner, workload.replicas, place));
  }
  return active;
}

}  // namespace ms2m
