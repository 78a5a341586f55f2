#include "kube/objects/controllers.hpp"

#include "base/fields.hpp"
#include "kube/objects/selector.hpp"

namespace ms2m {
namespace {

int count_at(const Json& in, const char* key, int otherwise) { return static_cast<int>(number_at(in, key, otherwise)); }

bool is_rolling(const Json& object) {
  const Json& status = object_at(object, "status");
  const int replicas = replicas_wanted(object);
  return number_at(status, "observedGeneration", 0) != number_at(object_at(object, "metadata"), "generation", 0) ||
         count_at(status, "updatedReplicas", 0) != replicas || replicas_there(object) != replicas;
}

bool deletes_claims(const Json& spec) {
  return text_at(object_at(spec, "persistentVolumeClaimRetentionPolicy"), "whenScaled") == "Delete" &&
         !array_at(spec, "volumeClaimTemplates").empty();
}

std::vector<std::string> marks_of(const Json& object) {
  std::vector<std::string> keys;
  for (const Labels& map : {labels_of(object), annotations_of(object)})
    for (const auto& [key, value] : map) keys.push_back(key);
  return keys;
}

}  // namespace

Controller parse_controller(const Json& object) {
  const Json& spec = object_at(object, "spec");
  return {name_of(object),
          pod_uid(object),
          number_at(object_at(object, "metadata"), "generation", 0),
          replicas_wanted(object),
          count_at(object_at(object, "status"), "readyReplicas", 0),
          is_rolling(object),
          flag_at(spec, "paused"),
          count_at(object_at(spec, "ordinals"), "start", 0),
          deletes_claims(spec),
          marks_of(object),
          finalizers_of(object),
          controller_of(object),
          object_at(spec, "selector"),
          object};
}

int replicas_wanted(const Json& controller) { return count_at(object_at(controller, "spec"), "replicas", 1); }
int replicas_there(const Json& controller) { return count_at(object_at(controller, "status"), "replicas", 0); }

DisruptionBudget parse_budget(const Json& object) {
  return {name_of(object), object_at(object, "spec").value("selector", Json()),
          count_at(object_at(object, "status"), "disruptionsAllowed", 0)};
}

bool guards(const DisruptionBudget& budget, const Json& pod) {
  return budget.selector.is_object() && selects(budget.selector, labels_of(pod));
}

}  // namespace ms2m
