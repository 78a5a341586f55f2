#include "pod_defaults.hpp"

#include <algorithm>

#include "values.hpp"

namespace ms2m::lab {

namespace {
constexpr int kDefaultFileMode = 0644;
constexpr int kTokenSeconds = 3607;
const char* const kTokenMount = "/var/run/secrets/kubernetes.io/serviceaccount";

std::string pull_policy_for(const std::string& image) {
  if (image.find('@') != std::string::npos) return "IfNotPresent";
  const auto colon = image.rfind(':');
  const bool has_tag = colon != std::string::npos && image.find('/', colon) == std::string::npos;
  return !has_tag || image.substr(colon + 1) == "latest" ? "Always" : "IfNotPresent";
}

void default_probe(Json& probe) {
  if (!probe.is_object()) return;
  if (probe.contains("httpGet")) {
    set_default(probe["httpGet"], "path", "/");
    set_default(probe["httpGet"], "scheme", "HTTP");
  }
  set_default(probe, "timeoutSeconds", 1);
  set_default(probe, "periodSeconds", 10);
  set_default(probe, "successThreshold", 1);
  set_default(probe, "failureThreshold", 3);
}

void default_container(Json& container) {
  set_default(container, "imagePullPolicy", pull_policy_for(text(container, {"image"})));
  set_default(container, "terminationMessagePath", "/dev/termination-log");
  set_default(container, "terminationMessagePolicy", "File");
  set_default(container, "resources", Json::object());
  for (const char* probe : {"livenessProbe", "readinessProbe", "startupProbe"})
    if (container.contains(probe)) default_probe(container[probe]);
  if (container.contains("ports"))
    for (Json& port : container["ports"]) set_default(port, "protocol", "TCP");
  if (container.contains("env"))
    for (Json& variable : container["env"])
      if (at(variable, {"valueFrom", "fieldRef"}).is_object())
        set_default(variable["valueFrom"]["fieldRef"], "apiVersion", "v1");
  Json& resources = container["resources"];
  for (const auto& [resource, limit] : at(resources, {"limits"}).items())
    set_default(resources["requests"], resource.c_str(), limit);
}

void default_volume(Json& volume) {
  if (volume.size() == 1) volume["emptyDir"] = Json::object();
  for (const char* kind : {"secret", "configMap", "projected", "downwardAPI"})
    if (volume.contains(kind)) set_default(volume[kind], "defaultMode", kDefaultFileMode);
  if (volume.contains("hostPath")) set_default(volume["hostPath"], "type", "");
  if (!at(volume, {"projected", "sources"}).is_array()) return;
  for (Json& source : volume["projected"]["sources"]) {
    if (source.contains("serviceAccountToken")) set_default(source["serviceAccountToken"], "expirationSeconds", 3600);
  }
}

Json api_access_volume(const std::string& name) {
  Json sources = Json::array();
  sources.push_back({{"serviceAccountToken", {{"expirationSeconds", kTokenSeconds}, {"path", "token"}}}});
  sources.push_back(
      {{"configMap", {{"name", "kube-root-ca.crt"}, {"items", {{{"key", "ca.crt"}, {"path", "ca.crt"}}}}}}});
  sources.push_back(
      {{"downwardAPI",
        {{"items",
          {{{"path", "namespace"}, {"fieldRef", {{"apiVersion", "v1"}, {"fieldPath", "metadata.namespace"}}}}}}}}});
  sources.push_back(
      {{"configMap",
        {{"name", "openshift-service-ca.crt"}, {"items", {{{"key", "service-ca.crt"}, {"path", "service-ca.crt"}}}}}}});
  return {{"name", name}, {"projected", {{"sources", sources}, {"defaultMode", kDefaultFileMode}}}};
}

void mount_api_access(Json& containers, const std::string& volume) {
  for (Json& container : containers) {
    if (!container["volumeMounts"].is_array()) container["volumeMounts"] = Json::array();
    const bool mounted = std::ranges::any_of(
        container["volumeMounts"], [](const Json& mount) { return text(mount, {"mountPath"}) == kTokenMount; });
    if (!mounted)
      container["volumeMounts"].push_back({{"name", volume}, {"readOnly", true}, {"mountPath", kTokenMount}});
  }
}

void add_service_account(const Store& store, Json& pod) {
  Json& spec = pod["spec"];
  if (text(spec, {"serviceAccountName"}).empty())
    spec["serviceAccountName"] = text(spec, {"serviceAccount"}, "default");
  const std::string account_name = text(spec, {"serviceAccountName"});
  spec["serviceAccount"] = account_name;
  const std::string space = namespace_of(pod);
  const ObjectPtr account = store.find(type_of("serviceaccounts"), space, account_name);
  if (!account)
    throw forbidden({"", "pods"}, name_of(pod),
                    "error looking up service account " + space + "/" + account_name + ": serviceaccount \"" +
                        account_name + "\" not found");
  const bool automount =
      flag(spec, {"automountServiceAccountToken"}, flag(*account, {"automountServiceAccountToken"}, true));
  if (!automount) return;
  const std::string volume = "kube-api-access-" + random_suffix(5);
  bool missing = false;
  for (const char* list : {"containers", "initContainers"}) {
    for (const Json& container : at(spec, {list})) {
      missing |= std::ranges::none_of(at(container, {"volumeMounts"}),
                                      [](const Json& mount) { return text(mount, {"mountPath"}) == kTokenMount; });
    }
  }
  if (!missing) return;
  spec["volumes"].push_back(api_access_volume(volume));
  for (const char* list : {"containers", "initContainers"})
    if (spec.contains(list)) mount_api_access(spec[list], volume);
}

void add_tolerations(Json& spec) {
  if (!spec["tolerations"].is_array()) spec["tolerations"] = Json::array();
  for (const char* key : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
    const bool tolerated = std::ranges::any_of(spec["tolerations"], [&](const Json& toleration) {
      const std::string effect = text(toleration, {"effect"});
      return (text(toleration, {"key"}) == key || text(toleration, {"key"}).empty()) &&
             (effect == "NoExecute" || effect.empty());
    });
    if (!tolerated)
      spec["tolerations"].push_back(
          {{"key", key}, {"operator", "Exists"}, {"effect", "NoExecute"}, {"tolerationSeconds", 300}});
  }
}

void add_priority(const Store& store, Json& pod) {
  Json& spec = pod["spec"];
  const std::string name = text(spec, {"priorityClassName"});
  std::int64_t value = name == "system-node-critical" ? 2000001000 : name == "system-cluster-critical" ? 2000000000 : 0;
  if (!name.empty() && value == 0) {
    const ObjectPtr priority = store.find(type_of("priorityclasses"), "", name);
    if (!priority) throw forbidden({"", "pods"}, name_of(pod), "no PriorityClass with name " + name + " was found");
    value = number(*priority, {"value"});
    set_default(spec, "preemptionPolicy", text(*priority, {"preemptionPolicy"}, "PreemptLowerPriority"));
  }
  set_default(spec, "priority", value);
  set_default(spec, "preemptionPolicy", "PreemptLowerPriority");
}

void check_runtime_class(const Store& store, const Json& pod) {
  const std::string name = text(pod, {"spec", "runtimeClassName"});
  if (!name.empty() && !store.find(type_of("runtimeclasses"), "", name))
    throw forbidden({"", "pods"}, name_of(pod), "pod rejected: RuntimeClass \"" + name + "\" not found");
}
}  // namespace

void default_pod_spec(Json& spec) {
  for (const char* list : {"containers", "initContainers"})
    if (spec.contains(list) && spec[list].is_array())
      for (Json& container : spec[list]) default_container(container);
  if (spec.contains("volumes") && spec["volumes"].is_array())
    for (Json& volume : spec["volumes"]) default_volume(volume);
  set_default(spec, "restartPolicy", "Always");
  set_default(spec, "terminationGracePeriodSeconds", 30);
  set_default(spec, "dnsPolicy", "ClusterFirst");
  set_default(spec, "securityContext", Json::object());
  set_default(spec, "schedulerName", "default-scheduler");
  if (!text(spec, {"serviceAccountName"}).empty()) spec["serviceAccount"] = spec["serviceAccountName"];
}

void default_pod(Json& pod) {
  Json& spec = pod["spec"];
  default_pod_spec(spec);
  set_default(spec, "enableServiceLinks", true);
  pod["status"] = {{"phase", "Pending"}, {"qosClass", quality_of_service(spec)}};
}

void admit_pod(const Store& store, Json& pod) {
  add_service_account(store, pod);
  add_tolerations(pod["spec"]);
  add_priority(store, pod);
  check_runtime_class(store, pod);
}

std::string quality_of_service(const Json& spec) {
  bool any = false;
  bool guaranteed = true;
  for (const char* list : {"containers", "initContainers"}) {
    for (const Json& container : at(spec, {list})) {
      for (const char* resource : {"cpu", "memory"}) {
        const std::string limit = text(container, {"resources", "limits", resource});
        const std::string request = text(container, {"resources", "requests", resource}, limit);
        any |= !limit.empty() || !request.empty();
        guaranteed &= !limit.empty() && quantity_millis(limit) == quantity_millis(request);
      }
    }
  }
  return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}

}  // namespace ms2m::lab
