#include "controllers/statefulset.hpp"

#include <fmt/format.h>

#include "controllers/pods.hpp"
#include "deletion.hpp"

namespace ms2m::lab {

namespace {
const char* const kRevisionLabel = "controller-revision-hash";
const char* const kPodNameLabel = "statefulset.kubernetes.io/pod-name";
const char* const kPodIndexLabel = "apps.kubernetes.io/pod-index";

const ResourceType& set_type() { return type_of("statefulsets"); }
const ResourceType& pod_type() { return type_of("pods"); }

// -1 when the name is not <set>-<ordinal>.
std::int64_t ordinal_of(const std::string& set, const std::string& pod) {
  if (!pod.starts_with(set + "-")) return -1;
  const std::string digits = pod.substr(set.size() + 1);
  const bool number_only =
      !digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos && digits.size() < 10;
  return number_only && (digits == "0" || digits[0] != '0') ? std::stoll(digits) : -1;
}

std::string revision_label(const Json& pod) { return text(pod, {"metadata", "labels", kRevisionLabel}); }
bool is_ordered(const Json& set) { return text(set, {"spec", "podManagementPolicy"}) != "Parallel"; }
std::int64_t first_ordinal(const Json& set) { return number(set, {"spec", "ordinals", "start"}); }
std::int64_t end_ordinal(const Json& set) { return first_ordinal(set) + number(set, {"spec", "replicas"}); }
std::int64_t partition_of(const Json& set) {
  return number(set, {"spec", "updateStrategy", "rollingUpdate", "partition"});
}

std::string claim_name(const Json& claim_template, const Json& set, std::int64_t ordinal) {
  return fmt::format("{}-{}-{}", name_of(claim_template), name_of(set), ordinal);
}

// The pod's volumes with those of the claim templates in front.
void add_claim_volumes(const Json& set, std::int64_t ordinal, Json& spec) {
  Json volumes = Json::array();
  for (const Json& claim : at(set, {"spec", "volumeClaimTemplates"}))
    volumes.push_back(
        {{"name", name_of(claim)}, {"persistentVolumeClaim", {{"claimName", claim_name(claim, set, ordinal)}}}});
  for (const Json& volume : at(spec, {"volumes"})) {
    bool replaced = false;
    for (const Json& claim : volumes) replaced |= claim["name"] == volume["name"];
    if (!replaced) volumes.push_back(volume);
  }
  if (!volumes.empty()) spec["volumes"] = volumes;
}
}  // namespace

void StatefulSetController::observe(const Event& event) {
  const std::string space = namespace_of(*event.object);
  if (event.type == &set_type()) enqueue({space, name_of(*event.object)});
  if (event.type == &pod_type()) enqueue_all(set_type(), space);
}

void StatefulSetController::sync(const WorkKey& key) {
  const ObjectPtr set = store_.find(set_type(), key.first, key.second);
  if (!set || is_deleting(*set)) return;
  Ordinals pods;
  for (const ObjectPtr& pod : claim_pods(store_, set_type(), *set, [&](const Json& candidate) {
         return ordinal_of(name_of(*set), name_of(candidate)) >= 0;
       }))
    pods[ordinal_of(name_of(*set), name_of(*pod))] = pod;
  const Revisions revisions = revisions_of(store_, *set);
  if (fill(*set, revisions, pods) && remove_condemned(*set, pods)) roll(*set, revisions, pods);
  report(*set, revisions);
}

bool StatefulSetController::fill(const Json& set, const Revisions& revisions, const Ordinals& pods) {
  for (std::int64_t ordinal = first_ordinal(set); ordinal < end_ordinal(set); ++ordinal) {
    auto found = pods.find(ordinal);
    const bool settled = fill_ordinal(set, revisions, ordinal, found == pods.end() ? nullptr : found->second);
    if (!settled && is_ordered(set)) return false;
  }
  return true;
}

bool StatefulSetController::fill_ordinal(const Json& set, const Revisions& revisions, std::int64_t ordinal,
                                         const ObjectPtr& pod) {
  if (!pod) {
    create_replica(set, revisions, ordinal);
    return false;
  }
  if (is_deleting(*pod)) return false;
  const std::string phase = text(*pod, {"status", "phase"});
  if (phase == "Failed" || phase == "Succeeded") {
    remove_pod(set, *pod);
    return false;
  }
  create_claims(set, ordinal);
  if (!is_running_and_ready(*pod) && is_ordered(set)) return false;
  repair_identity(set, *pod, ordinal);
  return true;
}

// Adopted pods may lack the labels that say who they are.
void StatefulSetController::repair_identity(const Json& set, const Json& pod, std::int64_t ordinal) {
  if (text(pod, {"metadata", "labels", kPodNameLabel}) == name_of(pod)) return;
  store_.update(pod_type(), namespace_of(set), name_of(pod), [&](Json& object) {
    object["metadata"]["labels"][kPodNameLabel] = name_of(object);
    object["metadata"]["labels"][kPodIndexLabel] = std::to_string(ordinal);
  });
}

bool StatefulSetController::remove_condemned(const Json& set, const Ordinals& pods) {
  for (auto entry = pods.rbegin(); entry != pods.rend(); ++entry) {
    const auto& [ordinal, pod] = *entry;
    if (ordinal >= first_ordinal(set) && ordinal < end_ordinal(set)) continue;
    if (!is_deleting(*pod)) remove_pod(set, *pod);
    if (is_ordered(set)) return false;
  }
  return true;
}

// One pod at a time, from the highest ordinal, and only while the ones above are healthy.
void StatefulSetController::roll(const Json& set, const Revisions& revisions, const Ordinals& pods) {
  if (text(set, {"spec", "updateStrategy", "type"}) != "RollingUpdate") return;
  const std::int64_t lowest = std::max(partition_of(set), first_ordinal(set));
  for (std::int64_t ordinal = end_ordinal(set) - 1; ordinal >= lowest; --ordinal) {
    auto found = pods.find(ordinal);
    if (found == pods.end() || is_deleting(*found->second)) return;
    if (revision_label(*found->second) != revisions.update) {
      remove_pod(set, *found->second);
      return;
    }
    if (!is_running_and_ready(*found->second)) return;
  }
}

void StatefulSetController::create_replica(const Json& set, const Revisions& revisions, std::int64_t ordinal) {
  const bool held_back = text(set, {"spec", "updateStrategy", "type"}) == "OnDelete" || ordinal < partition_of(set);
  const std::string name = fmt::format("{}-{}", name_of(set), ordinal);
  create_claims(set, ordinal);
  Json pod = pod_from_template(held_back ? revisions.current_template : at(set, {"spec", "template"}), set_type(), set);
  pod["metadata"]["name"] = name;
  pod["metadata"]["labels"][kRevisionLabel] = held_back ? revisions.current : revisions.update;
  pod["metadata"]["labels"][kPodNameLabel] = name;
  pod["metadata"]["labels"][kPodIndexLabel] = std::to_string(ordinal);
  pod["spec"]["hostname"] = name;
  if (const std::string service = text(set, {"spec", "serviceName"}); !service.empty())
    pod["spec"]["subdomain"] = service;
  add_claim_volumes(set, ordinal, pod["spec"]);
  try {
    create_pod(store_, std::move(pod));
    record_event(store_, set_type(), set, "Normal", "SuccessfulCreate",
                 fmt::format("create Pod {} in StatefulSet {} successful", name, name_of(set)),
                 "statefulset-controller");
  } catch (const ApiError& error) {
    record_event(store_, set_type(), set, "Warning", "FailedCreate",
                 fmt::format("create Pod {} in StatefulSet {} failed error: {}", name, name_of(set), error.what()),
                 "statefulset-controller");
    enqueue({namespace_of(set), name_of(set)}, std::chrono::seconds(1));
  }
}

void StatefulSetController::create_claims(const Json& set, std::int64_t ordinal) {
  const ResourceType& claims = type_of("persistentvolumeclaims");
  for (const Json& claim_template : at(set, {"spec", "volumeClaimTemplates"})) {
    const std::string name = claim_name(claim_template, set, ordinal);
    if (store_.find(claims, namespace_of(set), name)) continue;
    Json claim{
        {"apiVersion", "v1"},
        {"kind", "PersistentVolumeClaim"},
        {"metadata",
         {{"name", name}, {"namespace", namespace_of(set)}, {"labels", at(set, {"spec", "selector", "matchLabels"})}}},
        {"spec", at(claim_template, {"spec"})},
        {"status", {{"phase", "Pending"}}}};
    if (text(set, {"spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"}) == "Delete")
      claim["metadata"]["ownerReferences"] = Json::array({owner_reference(set_type(), set)});
    store_.create(claims, std::move(claim));
  }
}

void StatefulSetController::remove_pod(const Json& set, const Json& pod) {
  const std::int64_t ordinal = ordinal_of(name_of(set), name_of(pod));
  const bool surplus = ordinal < first_ordinal(set) || ordinal >= end_ordinal(set);
  if (surplus && text(set, {"spec", "persistentVolumeClaimRetentionPolicy", "whenScaled"}) == "Delete")
    for (const Json& claim : at(set, {"spec", "volumeClaimTemplates"}))
      if (store_.find(type_of("persistentvolumeclaims"), namespace_of(set), claim_name(claim, set, ordinal)))
        store_.update(type_of("persistentvolumeclaims"), namespace_of(set), claim_name(claim, set, ordinal),
                      [&](Json& object) {
                        object["metadata"]["ownerReferences"] = Json::array({owner_reference(pod_type(), pod)});
                      });
  delete_object(store_, pod_type(), namespace_of(set), name_of(pod), DeleteOptions::background());
  record_event(store_, set_type(), set, "Normal", "SuccessfulDelete",
               fmt::format("delete Pod {} in StatefulSet {} successful", name_of(pod), name_of(set)),
               "statefulset-controller");
}

void StatefulSetController::report(const Json& set, const Revisions& revisions) {
  std::int64_t replicas = 0, ready = 0, available = 0, current = 0, updated = 0;
  for (const ObjectPtr& pod : store_.list(pod_type(), namespace_of(set)).items) {
    if (text(controller_of(*pod), {"uid"}) != uid_of(set)) continue;
    ++replicas;
    ready += is_running_and_ready(*pod) ? 1 : 0;
    available += is_running_and_ready(*pod) && is_available(*pod, number(set, {"spec", "minReadySeconds"})) ? 1 : 0;
    if (is_deleting(*pod)) continue;
    current += revision_label(*pod) == revisions.current ? 1 : 0;
    updated += revision_label(*pod) == revisions.update ? 1 : 0;
  }
  if (ready > available) enqueue({namespace_of(set), name_of(set)}, std::chrono::seconds(1));
  const bool rolled_out = updated == number(set, {"spec", "replicas"}) && ready == updated && replicas == updated;
  Json counts{
      {"readyReplicas", ready}, {"currentReplicas", rolled_out ? updated : current}, {"updatedReplicas", updated}};
  store_.update(set_type(), namespace_of(set), name_of(set), [&](Json& object) {
    if (uid_of(object) != uid_of(set)) return;
    Json status{{"observedGeneration", number(set, {"metadata", "generation"})},
                {"replicas", replicas},
                {"availableReplicas", available},
                {"currentRevision", rolled_out ? revisions.update : revisions.current},
                {"updateRevision", revisions.update},
                {"collisionCount", 0}};
    for (const auto& [field, count] : counts.items())
      if (count != 0) status[field] = count;
    object["status"] = status;
  });
}

}  // namespace ms2m::lab
