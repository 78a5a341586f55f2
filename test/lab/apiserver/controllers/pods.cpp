#include "controllers/pods.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "selector.hpp"
#include "strategy.hpp"
#include "values.hpp"

namespace ms2m::lab {

namespace {
const Json kNone;

std::int64_t seconds_of(const std::string& time) {
  return std::chrono::duration_cast<std::chrono::seconds>(parse_rfc3339(time).time_since_epoch()).count();
}

std::int64_t deletion_cost(const Json& pod) {
  const std::string cost = text(pod, {"metadata", "annotations", "controller.kubernetes.io/pod-deletion-cost"});
  return cost.empty() ? 0 : std::strtoll(cost.c_str(), nullptr, 10);
}

std::int64_t most_restarts(const Json& pod) {
  std::int64_t most = 0;
  for (const Json& status : at(pod, {"status", "containerStatuses"}))
    most = std::max(most, number(status, {"restartCount"}));
  return most;
}

int phase_rank(const Json& pod) {
  const std::string phase = text(pod, {"status", "phase"});
  return phase == "Pending" ? 0 : phase == "Unknown" ? 1 : 2;
}
}  // namespace

const Json& condition_of(const Json& object, const std::string& type) {
  for (const Json& condition : at(object, {"status", "conditions"}))
    if (text(condition, {"type"}) == type) return condition;
  return kNone;
}

bool is_active(const Json& pod) {
  const std::string phase = text(pod, {"status", "phase"});
  return phase != "Succeeded" && phase != "Failed" && !is_deleting(pod);
}

bool is_ready(const Json& pod) { return text(condition_of(pod, "Ready"), {"status"}) == "True"; }
bool is_running_and_ready(const Json& pod) { return text(pod, {"status", "phase"}) == "Running" && is_ready(pod); }

std::int64_t ready_since(const Json& pod) {
  return is_ready(pod) ? seconds_of(text(condition_of(pod, "Ready"), {"lastTransitionTime"})) : 0;
}

bool is_available(const Json& pod, std::int64_t min_ready_seconds) {
  return is_ready(pod) && (min_ready_seconds == 0 || ready_since(pod) + min_ready_seconds <= seconds_of(rfc3339_now()));
}

Json owner_reference(const ResourceType& type, const Json& owner) {
  return {{"apiVersion", type.api_version()},
          {"kind", type.kind},
          {"name", name_of(owner)},
          {"uid", uid_of(owner)},
          {"controller", true},
          {"blockOwnerDeletion", true}};
}

Json pod_from_template(const Json& pod_template, const ResourceType& owner_type, const Json& owner) {
  Json metadata{{"namespace", namespace_of(owner)}, {"generateName", name_of(owner) + "-"}};
  for (const char* field : {"labels", "annotations", "finalizers"})
    if (const Json& value = at(pod_template, {"metadata", field}); !value.is_null()) metadata[field] = value;
  metadata["ownerReferences"] = Json::array({owner_reference(owner_type, owner)});
  return {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", metadata}, {"spec", at(pod_template, {"spec"})}};
}

ObjectPtr create_pod(Store& store, Json pod) {
  prepare_for_create(store, type_of("pods"), pod);
  return store.create(type_of("pods"), std::move(pod));
}

void sort_by_deletion(std::vector<ObjectPtr>& pods, const std::vector<ObjectPtr>& related) {
  std::map<std::string, int> on_node;
  for (const ObjectPtr& pod : related)
    if (is_active(*pod)) ++on_node[text(*pod, {"spec", "nodeName"})];
  const auto rank = [&](const Json& pod) {
    const std::string node = text(pod, {"spec", "nodeName"});
    return std::tuple(!node.empty(), phase_rank(pod), is_ready(pod), deletion_cost(pod), -on_node[node],
                      -ready_since(pod), -most_restarts(pod),
                      -seconds_of(text(pod, {"metadata", "creationTimestamp"})));
  };
  std::ranges::stable_sort(pods, [&](const ObjectPtr& a, const ObjectPtr& b) { return rank(*a) < rank(*b); });
}

std::vector<ObjectPtr> claim_pods(Store& store, const ResourceType& type, const Json& owner,
                                  const std::function<bool(const Json&)>& may_own) {
  const ResourceType& pod_type = type_of("pods");
  const LabelSelector selector = LabelSelector::from_spec(at(owner, {"spec", "selector"}));
  std::vector<ObjectPtr> claimed;
  for (ObjectPtr pod : store.list(pod_type, namespace_of(owner)).items) {
    const Json& controller = controller_of(*pod);
    const bool matches = selector.matches(at(*pod, {"metadata", "labels"})) && may_own(*pod);
    const bool owned = text(controller, {"uid"}) == uid_of(owner);
    if (owned && (matches || is_deleting(owner))) claimed.push_back(pod);
    if (is_deleting(owner)) continue;
    if (owned && !matches && !is_deleting(*pod))
      store.update(pod_type, namespace_of(*pod), name_of(*pod), [&](Json& object) {
        Json& owners = object["metadata"]["ownerReferences"];
        std::erase_if(owners.get_ref<Json::array_t&>(),
                      [&](const Json& one) { return text(one, {"uid"}) == uid_of(owner); });
        if (owners.empty()) object["metadata"].erase("ownerReferences");
      });
    if (!controller.is_null() || !matches || !is_active(*pod)) continue;
    claimed.push_back(store.update(pod_type, namespace_of(*pod), name_of(*pod), [&](Json& object) {
      object["metadata"]["ownerReferences"].push_back(owner_reference(type, owner));
    }));
  }
  return claimed;
}

void record_event(Store& store, const ResourceType& type, const Json& about, const std::string& kind,
                  const std::string& reason, const std::string& message, const std::string& component) {
  const std::string now = rfc3339_now();
  const std::string space = namespace_of(about).empty() ? "default" : namespace_of(about);
  store.create(type_of("events"),
               {{"apiVersion", "v1"},
                {"kind", "Event"},
                {"metadata", {{"name", name_of(about) + "." + random_suffix(16)}, {"namespace", space}}},
                {"involvedObject",
                 {{"kind", type.kind},
                  {"apiVersion", type.api_version()},
                  {"namespace", namespace_of(about)},
                  {"name", name_of(about)},
                  {"uid", uid_of(about)},
                  {"resourceVersion", text(about, {"metadata", "resourceVersion"})}}},
                {"reason", reason},
                {"message", message},
                {"source", {{"component", component}}},
                {"firstTimestamp", now},
                {"lastTimestamp", now},
                {"count", 1},
                {"type", kind},
                {"eventTime", nullptr},
                {"reportingComponent", component},
                {"reportingInstance", ""}});
}

void set_condition(Json& conditions, Json condition) {
  if (!conditions.is_array()) conditions = Json::array();
  for (Json& present : conditions) {
    if (present["type"] != condition["type"]) continue;
    Json merged = present;
    const bool same = present["status"] == condition["status"];
    merged.update(condition);
    if (same) merged["lastTransitionTime"] = present["lastTransitionTime"];
    const bool unchanged = same && text(merged, {"reason"}) == text(present, {"reason"}) &&
                           text(merged, {"message"}) == text(present, {"message"});
    if (!unchanged) present = merged;
    return;
  }
  conditions.push_back(std::move(condition));
}

}  // namespace ms2m::lab
