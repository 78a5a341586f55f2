#include "controllers/deployment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "controllers/deployment_status.hpp"
#include "controllers/pods.hpp"
#include "deletion.hpp"
#include "selector.hpp"
#include "strategy.hpp"
#include "values.hpp"

namespace ms2m::lab {

namespace {
const char* const kRevision = "deployment.kubernetes.io/revision";
const char* const kHashLabel = "pod-template-hash";

const ResourceType& own_type() { return type_of("deployments"); }
const ResourceType& set_type() { return type_of("replicasets"); }

std::int64_t replicas_of(const Json& object) { return number(object, {"spec", "replicas"}); }
std::int64_t revision_of(const Json& object) {
  return std::strtoll(text(object, {"metadata", "annotations", kRevision}).c_str(), nullptr, 10);
}

Json without_hash(Json pod_template) {
  if (at(pod_template, {"metadata", "labels"}).is_object()) pod_template["metadata"]["labels"].erase(kHashLabel);
  return pod_template;
}

std::int64_t total(const std::vector<ObjectPtr>& sets) {
  std::int64_t sum = 0;
  for (const ObjectPtr& set : sets) sum += replicas_of(*set);
  return sum;
}

// Annotations that a ReplicaSet takes over from its Deployment.
void copy_annotations(const Json& deployment, Json& set) {
  for (const auto& [key, value] : at(deployment, {"metadata", "annotations"}).items()) {
    if (key == "kubectl.kubernetes.io/last-applied-configuration" || key.starts_with("deployment.kubernetes.io/"))
      continue;
    set["metadata"]["annotations"][key] = value;
  }
  const std::int64_t replicas = replicas_of(deployment);
  Json& annotations = set["metadata"]["annotations"];
  annotations["deployment.kubernetes.io/desired-replicas"] = std::to_string(replicas);
  annotations["deployment.kubernetes.io/max-replicas"] = std::to_string(replicas + rolling_limits(deployment).surge);
}
}  // namespace

void DeploymentController::observe(const Event& event) {
  const std::string space = namespace_of(*event.object);
  if (event.type == &own_type()) enqueue({space, name_of(*event.object)});
  if (event.type == &set_type()) enqueue_all(own_type(), space);
  if (event.type == &type_of("pods") && event.kind == EventType::kDeleted) enqueue_all(own_type(), space);
}

DeploymentController::Sets DeploymentController::claim_sets(const Json& deployment) {
  const LabelSelector selector = LabelSelector::from_spec(at(deployment, {"spec", "selector"}));
  Sets sets;
  const Json wanted = without_hash(at(deployment, {"spec", "template"}));
  for (ObjectPtr set : store_.list(set_type(), namespace_of(deployment)).items) {
    const Json& controller = controller_of(*set);
    if (!controller.is_null() && text(controller, {"uid"}) != uid_of(deployment)) continue;
    if (controller.is_null()) {
      if (is_deleting(deployment) || is_deleting(*set) || !selector.matches(at(*set, {"metadata", "labels"}))) continue;
      set = store_.update(set_type(), namespace_of(*set), name_of(*set), [&](Json& object) {
        object["metadata"]["ownerReferences"].push_back(owner_reference(own_type(), deployment));
      });
    }
    if (!sets.current && without_hash(at(*set, {"spec", "template"})) == wanted)
      sets.current = set;
    else
      sets.old.push_back(set);
  }
  std::ranges::sort(sets.old, {}, [](const ObjectPtr& set) { return revision_of(*set); });
  return sets;
}

void DeploymentController::sync(const WorkKey& key) {
  const ObjectPtr deployment = store_.find(own_type(), key.first, key.second);
  if (!deployment) return;
  if (!is_deleting(*deployment)) {
    Sets sets = claim_sets(*deployment);
    if (flag(*deployment, {"spec", "paused"})) {
      if (sets.current && sets.old.empty()) resize(*deployment, *sets.current, replicas_of(*deployment));
    } else if (text(*deployment, {"spec", "strategy", "type"}) == "Recreate") {
      recreate(*deployment, sets);
    } else {
      roll(*deployment, sets);
    }
    forget_old_sets(*deployment, sets);
  }
  report(*deployment);
}

ObjectPtr DeploymentController::present_set(const Json& deployment, Sets& sets) {
  std::int64_t newest = 0;
  for (const ObjectPtr& set : sets.old) newest = std::max(newest, revision_of(*set));
  const std::string space = namespace_of(deployment);
  if (sets.current) {
    const std::string revision = std::to_string(std::max(newest + 1, revision_of(*sets.current)));
    sets.current = store_.update(set_type(), space, name_of(*sets.current), [&](Json& set) {
      copy_annotations(deployment, set);
      set["metadata"]["annotations"][kRevision] = revision;
    });
  } else {
    Json pod_template = at(deployment, {"spec", "template"});
    const std::string hash = safe_hash(pod_template.dump());
    pod_template["metadata"]["labels"][kHashLabel] = hash;
    Json selector = at(deployment, {"spec", "selector"});
    selector["matchLabels"][kHashLabel] = hash;
    Json set{{"apiVersion", "apps/v1"},
             {"kind", "ReplicaSet"},
             {"metadata",
              {{"name", name_of(deployment) + "-" + hash},
               {"namespace", space},
               {"labels", pod_template["metadata"]["labels"]},
               {"ownerReferences", Json::array({owner_reference(own_type(), deployment)})}}},
             {"spec", {{"replicas", 0}, {"selector", selector}, {"template", pod_template}}}};
    if (deployment["spec"].contains("minReadySeconds"))
      set["spec"]["minReadySeconds"] = deployment["spec"]["minReadySeconds"];
    const std::int64_t room = replicas_of(deployment) + rolling_limits(deployment).surge - total(sets.old);
    const std::int64_t start = std::clamp<std::int64_t>(room, 0, replicas_of(deployment));
    set["spec"]["replicas"] = start;
    copy_annotations(deployment, set);
    set["metadata"]["annotations"][kRevision] = std::to_string(newest + 1);
    prepare_for_create(store_, set_type(), set);
    sets.current = store_.create(set_type(), std::move(set));
    record_event(store_, own_type(), deployment, "Normal", "ScalingReplicaSet",
                 fmt::format("Scaled up replica set {} from 0 to {}", name_of(*sets.current), start),
                 "deployment-controller");
  }
  const std::string revision = text(*sets.current, {"metadata", "annotations", kRevision});
  if (text(deployment, {"metadata", "annotations", kRevision}) != revision)
    store_.update(own_type(), space, name_of(deployment), [&](Json& object) {
      // The controller's own annotation is not a new generation in the real one either (it writes the same number).
      object["metadata"]["annotations"][kRevision] = revision;
    });
  return sets.current;
}

void DeploymentController::roll(const Json& deployment, Sets& sets) {
  const ObjectPtr current = present_set(deployment, sets);
  const std::int64_t wanted = replicas_of(deployment);
  const std::int64_t have = replicas_of(*current);
  const std::int64_t room = wanted + rolling_limits(deployment).surge - total(sets.old) - have;
  if (have > wanted)
    resize(deployment, *current, wanted);
  else if (have < wanted && room > 0)
    resize(deployment, *current, have + std::min(room, wanted - have));
  else if (total(sets.old) > 0)
    scale_down_old(deployment, sets);
}

void DeploymentController::scale_down_old(const Json& deployment, const Sets& sets) {
  const auto available = [](const Json& set) { return number(set, {"status", "availableReplicas"}); };
  const std::int64_t least = replicas_of(deployment) - rolling_limits(deployment).unavailable;
  std::int64_t everything = total(sets.old) + replicas_of(*sets.current);
  std::int64_t may_go = everything - least - (replicas_of(*sets.current) - available(*sets.current));
  std::int64_t all_available = available(*sets.current);
  for (const ObjectPtr& set : sets.old) all_available += available(*set);
  for (const ObjectPtr& set : sets.old) {
    if (may_go <= 0) return;
    const std::int64_t unhealthy = std::min(may_go, replicas_of(*set) - available(*set));
    const std::int64_t healthy =
        std::clamp<std::int64_t>(all_available - least, 0, std::min(available(*set), may_go - unhealthy));
    if (unhealthy + healthy <= 0) continue;
    resize(deployment, *set, replicas_of(*set) - unhealthy - healthy);
    all_available -= healthy;
    may_go -= unhealthy + healthy;
  }
}

void DeploymentController::recreate(const Json& deployment, Sets& sets) {
  for (const ObjectPtr& set : sets.old) resize(deployment, *set, 0);
  for (const ObjectPtr& pod : store_.list(type_of("pods"), namespace_of(deployment)).items) {
    const std::string owner = text(controller_of(*pod), {"uid"});
    if (std::ranges::any_of(sets.old, [&](const ObjectPtr& set) { return uid_of(*set) == owner; })) return;
  }
  resize(deployment, *present_set(deployment, sets), replicas_of(deployment));
}

void DeploymentController::resize(const Json& deployment, const Json& set, std::int64_t replicas) {
  const std::int64_t before = replicas_of(set);
  if (before == replicas) return;
  store_.update(set_type(), namespace_of(set), name_of(set), [&](Json& object) {
    object["spec"]["replicas"] = replicas;
    copy_annotations(deployment, object);
  });
  record_event(store_, own_type(), deployment, "Normal", "ScalingReplicaSet",
               fmt::format("Scaled {} replica set {} from {} to {}", replicas > before ? "up" : "down", name_of(set),
                           before, replicas),
               "deployment-controller");
}

void DeploymentController::forget_old_sets(const Json& deployment, const Sets& sets) {
  const auto limit = static_cast<std::size_t>(number(deployment, {"spec", "revisionHistoryLimit"}, 10));
  std::size_t extra = sets.old.size() > limit ? sets.old.size() - limit : 0;
  for (const ObjectPtr& set : sets.old) {
    if (extra == 0) return;
    if (replicas_of(*set) != 0 || number(*set, {"status", "replicas"}) != 0) continue;
    delete_object(store_, set_type(), namespace_of(*set), name_of(*set), DeleteOptions::background());
    --extra;
  }
}

void DeploymentController::report(const Json& deployment) {
  const ObjectPtr fresh = store_.find(own_type(), namespace_of(deployment), name_of(deployment));
  if (!fresh || uid_of(*fresh) != uid_of(deployment)) return;
  const Sets sets = claim_sets(*fresh);
  std::vector<ObjectPtr> all = sets.old;
  if (sets.current) all.push_back(sets.current);
  store_.update(own_type(), namespace_of(deployment), name_of(deployment), [&](Json& object) {
    object["status"] = deployment_status(object, sets.current, all);
    object["status"]["observedGeneration"] = number(*fresh, {"metadata", "generation"});
  });
}

}  // namespace ms2m::lab
