#include "kube/objects/scalers.hpp"

#include "base/fields.hpp"
#include "kube/objects/object.hpp"

namespace ms2m {
namespace {

ScaleTarget target_of(const Json& scaler) {
  const Json& ref = object_at(object_at(scaler, "spec"), "scaleTargetRef");
  const std::string version = text_at(ref, "apiVersion", "apps/v1");
  return {text_at(ref, "kind", "Deployment"), text_at(ref, "name"), version.rfind("apps/", 0) == 0};
}

/// Its value may be a string or, in a hand-written object, a number.
bool is_paused(const Json& scaled_object) {
  const Labels annotations = annotations_of(scaled_object);
  if (annotations.contains("autoscaling.keda.sh/paused-replicas")) return true;
  const auto paused = annotations.find("autoscaling.keda.sh/paused");
  return paused != annotations.end() && paused->second == "true";
}

bool keeps_number(const Json& spec) {
  const auto disabled = [&](const char* direction) {
    return text_at(object_at(object_at(spec, "behavior"), direction), "selectPolicy") == "Disabled";
  };
  return (disabled("scaleUp") && disabled("scaleDown")) ||
         number_at(spec, "minReplicas", 1) == number_at(spec, "maxReplicas", 0);
}

std::string keda_owner(const Json& hpa) {
  for (const Json& owner : array_at(object_at(hpa, "metadata"), "ownerReferences"))
    if (text_at(owner, "kind") == "ScaledObject") return text_at(owner, "name");
  return label_of(hpa, "scaledobject.keda.sh/name");
}

}  // namespace

HorizontalPodAutoscaler parse_autoscaler(const Json& object) {
  const Json& spec = object_at(object, "spec");
  HorizontalPodAutoscaler hpa{.name = name_of(object),
                              .target = target_of(object),
                              .least = static_cast<int>(number_at(spec, "minReplicas", 1)),
                              .most = std::nullopt,
                              .keeps_number = keeps_number(spec),
                              .keda = keda_owner(object)};
  if (spec.contains("maxReplicas")) hpa.most = static_cast<int>(number_at(spec, "maxReplicas", 0));
  return hpa;
}

ScaledObject parse_scaled_object(const Json& object) {
  const Json& advanced = object_at(object_at(object, "spec"), "advanced");
  return {name_of(object), target_of(object), is_paused(object),
          text_at(object_at(advanced, "horizontalPodAutoscalerConfig"), "name")};
}

Json bounds_patch(int least, int most) { return {{"spec", {{"minReplicas", least}, {"maxReplicas", most}}}}; }

}  // namespace ms2m
