#include "resources.hpp"

#include <stdexcept>

namespace ms2m::lab {

namespace {
constexpr auto kC = Scope::kCluster;
constexpr auto kN = Scope::kNamespace;
const char* const kRbac = "rbac.authorization.k8s.io";

std::vector<ResourceType> make_types() {
  return {
      {"", "v1", "namespaces", "Namespace", kC, true, false, false},
      {"", "v1", "nodes", "Node", kC, true, false, false},
      {"", "v1", "pods", "Pod", kN, true, false, true},
      {"", "v1", "events", "Event", kN, false, false, false},
      {"", "v1", "services", "Service", kN, true, false, false},
      {"", "v1", "endpoints", "Endpoints", kN, false, false, false},
      {"", "v1", "configmaps", "ConfigMap", kN, false, false, false},
      {"", "v1", "secrets", "Secret", kN, false, false, false},
      {"", "v1", "serviceaccounts", "ServiceAccount", kN, false, false, false},
      {"", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", kN, true, false, false},
      {"", "v1", "persistentvolumes", "PersistentVolume", kC, true, false, false},
      {"", "v1", "resourcequotas", "ResourceQuota", kN, true, false, false},
      {"", "v1", "limitranges", "LimitRange", kN, false, false, false},
      {"apps", "v1", "deployments", "Deployment", kN, true, true, true},
      {"apps", "v1", "replicasets", "ReplicaSet", kN, true, true, true},
      {"apps", "v1", "statefulsets", "StatefulSet", kN, true, true, true},
      {"apps", "v1", "daemonsets", "DaemonSet", kN, true, false, true},
      {"apps", "v1", "controllerrevisions", "ControllerRevision", kN, false, false, false},
      {"batch", "v1", "jobs", "Job", kN, true, false, true},
      {"batch", "v1", "cronjobs", "CronJob", kN, true, false, true},
      {"policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", kN, true, false, true},
      {"coordination.k8s.io", "v1", "leases", "Lease", kN, false, false, false},
      {"node.k8s.io", "v1", "runtimeclasses", "RuntimeClass", kC, false, false, false},
      {"discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", kN, false, false, true},
      {kRbac, "v1", "roles", "Role", kN, false, false, false},
      {kRbac, "v1", "rolebindings", "RoleBinding", kN, false, false, false},
      {kRbac, "v1", "clusterroles", "ClusterRole", kC, false, false, false},
      {kRbac, "v1", "clusterrolebindings", "ClusterRoleBinding", kC, false, false, false},
      {"scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", kC, false, false, true},
      {"storage.k8s.io", "v1", "storageclasses", "StorageClass", kC, false, false, false},
      {"networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", kN, false, false, true},
      {"autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", kN, true, false, false},
  };
}
}  // namespace

const std::vector<ResourceType>& resource_types() {
  static const std::vector<ResourceType> types = make_types();
  return types;
}

const ResourceType* find_resource(const std::string& group, const std::string& version, const std::string& plural) {
  for (const ResourceType& type : resource_types()) {
    if (type.group == group && type.version == version && type.plural == plural) return &type;
  }
  return nullptr;
}

const ResourceType* find_kind(const std::string& api_version, const std::string& kind) {
  for (const ResourceType& type : resource_types()) {
    if (type.kind == kind && type.api_version() == api_version) return &type;
  }
  return nullptr;
}

const ResourceType& type_of(const std::string& plural) {
  for (const ResourceType& type : resource_types()) {
    if (type.plural == plural) return type;
  }
  throw std::logic_error("no resource type " + plural);
}

}  // namespace ms2m::lab
