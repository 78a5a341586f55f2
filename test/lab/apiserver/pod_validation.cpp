#include "pod_validation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <set>

#include "status.hpp"

namespace ms2m::lab {

namespace {
const char* const kSubdomain =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const char* const kLabel =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

bool is_subdomain(const std::string& name) {
  static const std::regex pattern("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*");
  return name.size() <= 253 && std::regex_match(name, pattern);
}

bool is_label(const std::string& name) {
  return name.size() <= 63 && name.find('.') == std::string::npos && is_subdomain(name);
}

FieldError required(const std::string& field, const std::string& hint = "") {
  return {"FieldValueRequired", field, hint.empty() ? "Required value" : "Required value: " + hint};
}

FieldError bad_value(const std::string& field, const std::string& value, const std::string& why) {
  return {"FieldValueInvalid", field, fmt::format("Invalid value: {}: {}", Json(value).dump(), why)};
}

void check_name(const Json& object, std::vector<FieldError>& errors) {
  const std::string name = name_of(object);
  if (name.empty())
    errors.push_back(required("metadata.name", "name or generateName is required"));
  else if (!is_subdomain(name))
    errors.push_back(bad_value("metadata.name", name, kSubdomain));
}

void check_mounts(const Json& container, const std::string& where, const std::set<std::string>& volumes,
                  std::vector<FieldError>& errors) {
  const Json& mounts = at(container, {"volumeMounts"});
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    const std::string field = fmt::format("{}.volumeMounts[{}]", where, i);
    const std::string volume = text(mounts[i], {"name"});
    if (volume.empty())
      errors.push_back(required(field + ".name"));
    else if (!volumes.contains(volume))
      errors.push_back({"FieldValueNotFound", field + ".name", fmt::format("Not found: \"{}\"", volume)});
    if (text(mounts[i], {"mountPath"}).empty()) errors.push_back(required(field + ".mountPath"));
  }
}

void check_containers(const Json& spec, const char* list, const std::set<std::string>& volumes,
                      std::vector<FieldError>& errors) {
  const Json& containers = at(spec, {list});
  std::set<std::string> names;
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const std::string where = fmt::format("spec.{}[{}]", list, i);
    const std::string name = text(containers[i], {"name"});
    if (name.empty())
      errors.push_back(required(where + ".name"));
    else if (!is_label(name))
      errors.push_back(bad_value(where + ".name", name, kLabel));
    else if (!names.insert(name).second)
      errors.push_back({"FieldValueDuplicate", where + ".name", fmt::format("Duplicate value: \"{}\"", name)});
    if (text(containers[i], {"image"}).empty()) errors.push_back(required(where + ".image"));
    check_mounts(containers[i], where, volumes, errors);
  }
}

// A pod's spec without what an update may change.
Json fixed_part(Json spec) {
  for (const char* list : {"containers", "initContainers"})
    if (spec.contains(list))
      for (Json& container : spec[list]) container.erase("image");
  for (const char* field : {"activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"}) spec.erase(field);
  return spec;
}

std::string first_difference(const Json& before, const Json& after) {
  std::string diff = "@@ -1 +1 @@\n";
  for (const Json& step : Json::diff(before, after)) {
    const Json::json_pointer where(text(step, {"path"}));
    if (before.contains(where)) diff += fmt::format("- \"{}\": {},\n", text(step, {"path"}), before.at(where).dump());
    if (after.contains(where)) diff += fmt::format("+ \"{}\": {},\n", text(step, {"path"}), after.at(where).dump());
  }
  return diff;
}

const std::set<std::string>& known_fields(const std::string& where) {
  static const std::map<std::string, std::set<std::string>> known{
      {"", {"apiVersion", "kind", "metadata", "spec", "status"}},
      {"metadata",
       {"name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation", "creationTimestamp",
        "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
        "managedFields"}},
      {"spec",
       {"volumes",
        "initContainers",
        "containers",
        "ephemeralContainers",
        "restartPolicy",
        "terminationGracePeriodSeconds",
        "activeDeadlineSeconds",
        "dnsPolicy",
        "nodeSelector",
        "serviceAccountName",
        "serviceAccount",
        "automountServiceAccountToken",
        "nodeName",
        "hostNetwork",
        "hostPID",
        "hostIPC",
        "shareProcessNamespace",
        "securityContext",
        "imagePullSecrets",
        "hostname",
        "subdomain",
        "affinity",
        "schedulerName",
        "tolerations",
        "hostAliases",
        "priorityClassName",
        "priority",
        "dnsConfig",
        "readinessGates",
        "runtimeClassName",
        "enableServiceLinks",
        "preemptionPolicy",
        "overhead",
        "topologySpreadConstraints",
        "setHostnameAsFQDN",
        "os",
        "hostUsers",
        "schedulingGates",
        "resourceClaims",
        "resources",
        "hostnameOverride",
        "workloadRef",
        "schedulingGroup"}},
      {"container",
       {"name",
        "image",
        "command",
        "args",
        "workingDir",
        "ports",
        "envFrom",
        "env",
        "resources",
        "resizePolicy",
        "restartPolicy",
        "restartPolicyRules",
        "volumeMounts",
        "volumeDevices",
        "livenessProbe",
        "readinessProbe",
        "startupProbe",
        "lifecycle",
        "terminationMessagePath",
        "terminationMessagePolicy",
        "imagePullPolicy",
        "securityContext",
        "stdin",
        "stdinOnce",
        "tty"}}};
  return known.at(where);
}

void collect_unknown(Json& object, const std::string& where, const std::string& prefix, bool drop,
                     std::vector<std::string>& found) {
  if (!object.is_object()) return;
  std::vector<std::string> extra;
  for (const auto& [field, value] : object.items())
    if (!known_fields(where).contains(field)) extra.push_back(field);
  for (const std::string& field : extra) {
    found.push_back(prefix + field);
    if (drop) object.erase(field);
  }
}
}  // namespace

void validate_name(const std::string& group, const std::string& kind, const Json& object) {
  if (group == "rbac.authorization.k8s.io") return;  // these take any path segment ("system:node")
  std::vector<FieldError> errors;
  check_name(object, errors);
  if (!errors.empty()) throw invalid(group, kind, name_of(object), errors);
}

void validate_new_pod(const Json& pod) {
  std::vector<FieldError> errors;
  check_name(pod, errors);
  const Json& spec = at(pod, {"spec"});
  std::set<std::string> volumes;
  for (const Json& volume : at(spec, {"volumes"})) volumes.insert(text(volume, {"name"}));
  if (at(spec, {"containers"}).empty()) errors.push_back(required("spec.containers"));
  check_containers(spec, "containers", volumes, errors);
  check_containers(spec, "initContainers", volumes, errors);
  if (!errors.empty()) throw invalid("", "Pod", name_of(pod), errors);
}

void validate_pod_update(const Json& before, const Json& after) {
  const Json old_part = fixed_part(at(before, {"spec"}));
  const Json new_part = fixed_part(at(after, {"spec"}));
  const Json& kept = at(before, {"spec", "tolerations"});
  const Json& wanted = at(after, {"spec", "tolerations"});
  const bool only_added =
      std::ranges::all_of(kept, [&](const Json& item) { return std::ranges::find(wanted, item) != wanted.end(); });
  const bool same_grace =
      at(before, {"spec", "terminationGracePeriodSeconds"}) == at(after, {"spec", "terminationGracePeriodSeconds"});
  if (old_part == new_part && only_added && same_grace) return;
  throw invalid("", "Pod", name_of(before),
                {{"FieldValueForbidden", "spec",
                  "Forbidden: pod updates may not change fields other than "
                  "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
                  "`spec.tolerations` (only additions to existing tolerations),"
                  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n" +
                      first_difference(at(before, {"spec"}), at(after, {"spec"}))}});
}

std::vector<std::string> unknown_pod_fields(Json& pod, bool drop) {
  std::vector<std::string> found;
  collect_unknown(pod, "", "", drop, found);
  if (pod.contains("metadata")) collect_unknown(pod["metadata"], "metadata", "metadata.", drop, found);
  if (!pod.contains("spec")) return found;
  collect_unknown(pod["spec"], "spec", "spec.", drop, found);
  for (const char* list : {"initContainers", "containers"}) {
    if (!at(pod, {"spec", list}).is_array()) continue;
    for (std::size_t i = 0; i < pod["spec"][list].size(); ++i)
      collect_unknown(pod["spec"][list][i], "container", fmt::format("spec.{}[{}].", list, i), drop, found);
  }
  return found;
}

}  // namespace ms2m::lab
