#include "strategy.hpp"

#include <algorithm>

#include "pod_defaults.hpp"
#include "pod_validation.hpp"
#include "selector.hpp"
#include "values.hpp"

namespace ms2m::lab {

namespace {
void default_template(Json& object) {
  if (!at(object, {"spec", "template", "spec"}).is_object()) return;
  default_pod_spec(object["spec"]["template"]["spec"]);
}

void default_deployment(Json& object) {
  Json& spec = object["spec"];
  set_default(spec, "replicas", 1);
  set_default(spec, "strategy", Json::object());
  set_default(spec["strategy"], "type", "RollingUpdate");
  if (spec["strategy"]["type"] == "RollingUpdate") {
    set_default(spec["strategy"], "rollingUpdate", Json::object());
    set_default(spec["strategy"]["rollingUpdate"], "maxUnavailable", "25%");
    set_default(spec["strategy"]["rollingUpdate"], "maxSurge", "25%");
  }
  set_default(spec, "revisionHistoryLimit", 10);
  set_default(spec, "progressDeadlineSeconds", 600);
  default_template(object);
}

void default_statefulset(Json& object) {
  Json& spec = object["spec"];
  set_default(spec, "replicas", 1);
  set_default(spec, "podManagementPolicy", "OrderedReady");
  set_default(spec, "updateStrategy", Json::object());
  set_default(spec["updateStrategy"], "type", "RollingUpdate");
  if (spec["updateStrategy"]["type"] == "RollingUpdate") {
    set_default(spec["updateStrategy"], "rollingUpdate", Json::object());
    set_default(spec["updateStrategy"]["rollingUpdate"], "partition", 0);
  }
  set_default(spec, "revisionHistoryLimit", 10);
  set_default(spec, "persistentVolumeClaimRetentionPolicy", Json::object());
  set_default(spec["persistentVolumeClaimRetentionPolicy"], "whenDeleted", "Retain");
  set_default(spec["persistentVolumeClaimRetentionPolicy"], "whenScaled", "Retain");
  default_template(object);
  if (!spec.contains("volumeClaimTemplates")) return;
  for (Json& claim : spec["volumeClaimTemplates"]) {
    set_default(claim, "apiVersion", "v1");
    set_default(claim, "kind", "PersistentVolumeClaim");
    set_default(claim["spec"], "volumeMode", "Filesystem");
    claim["status"] = {{"phase", "Pending"}};
  }
}

void default_service(Json& object) {
  Json& spec = object["spec"];
  set_default(spec, "type", "ClusterIP");
  set_default(spec, "sessionAffinity", "None");
  set_default(spec, "internalTrafficPolicy", "Cluster");
  set_default(spec, "ipFamilies", Json::array({"IPv4"}));
  set_default(spec, "ipFamilyPolicy", "SingleStack");
  const std::string hash = uid_of(object).empty() ? random_uuid() : uid_of(object);
  set_default(spec, "clusterIP",
              "10.96." + std::to_string(std::stoi(hash.substr(0, 2), nullptr, 16)) + "." +
                  std::to_string(1 + std::stoi(hash.substr(2, 2), nullptr, 16) % 254));
  set_default(spec, "clusterIPs", Json::array({spec["clusterIP"]}));
  if (spec.contains("ports"))
    for (Json& port : spec["ports"]) {
      set_default(port, "protocol", "TCP");
      set_default(port, "targetPort", port["port"]);
    }
  object["status"] = {{"loadBalancer", Json::object()}};
}

void apply_defaults(const ResourceType& type, Json& object) {
  if (type.plural == "deployments") default_deployment(object);
  if (type.plural == "statefulsets") default_statefulset(object);
  if (type.plural == "replicasets") {
    set_default(object["spec"], "replicas", 1);
    default_template(object);
  }
  if (type.plural == "daemonsets" || type.plural == "jobs") default_template(object);
  if (type.plural == "services") default_service(object);
  if (type.plural == "nodes") set_default(object, "spec", Json::object());
  if (type.plural == "persistentvolumeclaims") {
    set_default(object["spec"], "volumeMode", "Filesystem");
    object["status"] = {{"phase", "Pending"}};
  }
  if (type.plural == "namespaces") {
    set_default(object["metadata"]["labels"], "kubernetes.io/metadata.name", name_of(object));
    object["spec"] = {{"finalizers", Json::array({"kubernetes"})}};
    object["status"] = {{"phase", "Active"}};
  }
  if (type.plural == "secrets") {
    set_default(object, "type", "Opaque");
    for (const auto& [key, value] : at(object, {"stringData"}).items()) {
      std::string encoded = base64_encode(value.get<std::string>());
      encoded.append((4 - encoded.size() % 4) % 4, '=');
      object["data"][key] = encoded;
    }
    object.erase("stringData");
  }
}

Json initial_status(const ResourceType& type) {
  if (type.plural == "replicasets") return {{"replicas", 0}};
  if (type.plural == "statefulsets") return {{"replicas", 0}, {"availableReplicas", 0}};
  return Json::object();
}

void check_workload(const ResourceType& type, const Json& object) {
  const bool workload = type.group == "apps" && type.has_scale;
  if (!workload) return;
  std::vector<FieldError> errors;
  const Json& selector = at(object, {"spec", "selector"});
  if (!selector.is_object())
    errors.push_back({"FieldValueRequired", "spec.selector", "Required value"});
  else if (!LabelSelector::from_spec(selector).matches(at(object, {"spec", "template", "metadata", "labels"})))
    errors.push_back({"FieldValueInvalid", "spec.template.metadata.labels",
                      "Invalid value: " + at(object, {"spec", "template", "metadata", "labels"}).dump() +
                          ": `selector` does not match template `labels`"});
  if (number(object, {"spec", "replicas"}) < 0)
    errors.push_back(
        {"FieldValueInvalid", "spec.replicas",
         "Invalid value: " + at(object, {"spec", "replicas"}).dump() + ": must be greater than or equal to 0"});
  if (!errors.empty()) throw invalid(type.group, type.kind, name_of(object), errors);
}

void check_immutable(const ResourceType& type, const Json& before, const Json& after) {
  if (type.plural == "pods") validate_pod_update(before, after);
  if (type.group != "apps" || !type.has_scale) return;
  if (type.plural != "statefulsets" && at(before, {"spec", "selector"}) != at(after, {"spec", "selector"}))
    throw invalid(type.group, type.kind, name_of(before),
                  {{"FieldValueInvalid", "spec.selector",
                    "Invalid value: " + at(after, {"spec", "selector"}).dump() + ": field is immutable"}});
  if (type.plural != "statefulsets") return;
  Json fixed_before = at(before, {"spec"});
  Json fixed_after = at(after, {"spec"});
  for (const char* field : {"replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
                            "persistentVolumeClaimRetentionPolicy", "minReadySeconds"}) {
    fixed_before.erase(field);
    fixed_after.erase(field);
  }
  if (fixed_before != fixed_after)
    throw invalid(type.group, type.kind, name_of(before),
                  {{"FieldValueForbidden", "spec",
                    "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
                    "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
                    "'minReadySeconds' are forbidden"}});
}

void keep(const Json& before, Json& after, const char* field) {
  if (before.contains(field))
    after[field] = before[field];
  else
    after.erase(field);
}
}  // namespace

void prepare_for_create(const Store& store, const ResourceType& type, Json& object) {
  object["apiVersion"] = type.api_version();
  object["kind"] = type.kind;
  Json& metadata = object["metadata"];
  if (!metadata.is_object()) metadata = Json::object();
  for (const char* field : {"uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "generation",
                            "deletionGracePeriodSeconds", "managedFields", "selfLink"})
    metadata.erase(field);
  if (!type.namespaced()) metadata.erase("namespace");
  if (name_of(object).empty() && !text(metadata, {"generateName"}).empty())
    metadata["name"] = text(metadata, {"generateName"}) + random_suffix(5);
  if (type.namespaced()) store.get(type_of("namespaces"), "", namespace_of(object));
  if (type.has_status && type.plural != "nodes" && type.plural != "persistentvolumes")
    object["status"] = initial_status(type);
  if (type.plural == "pods") {
    default_pod(object);
    validate_new_pod(object);
    admit_pod(store, object);
  } else {
    apply_defaults(type, object);
    validate_name(type.group, type.kind, object);
    check_workload(type, object);
  }
}

void prepare_for_update(const ResourceType& type, Part part, const Json& before, Json& after) {
  after["apiVersion"] = type.api_version();
  after["kind"] = type.kind;
  if (!after["metadata"].is_object()) after["metadata"] = Json::object();
  for (const char* field : {"name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "generation",
                            "deletionGracePeriodSeconds", "generateName", "resourceVersion"})
    keep(at(before, {"metadata"}), after["metadata"], field);
  after["metadata"].erase("managedFields");
  if (part == Part::kStatus) {
    const Json wanted = after.contains("status") ? after["status"] : Json::object();
    const Json metadata = after["metadata"];
    after = before;
    after["metadata"] = metadata;
    keep(at(before, {"metadata"}), after["metadata"], "ownerReferences");
    after["status"] = wanted;
    return;
  }
  if (type.has_status) keep(before, after, "status");
  if (type.plural == "pods") {
    default_pod_spec(after["spec"]);
    set_default(after["spec"], "enableServiceLinks", true);
  } else {
    const Json status = after.contains("status") ? after["status"] : Json();
    apply_defaults(type, after);
    if (!status.is_null()) after["status"] = status;
  }
  check_immutable(type, before, after);
  check_workload(type, after);
}

}  // namespace ms2m::lab
