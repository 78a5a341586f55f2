#include "kube/resources.hpp"

#include <string_view>

#include "base/url_encode.hpp"
#include "ms2m/error.hpp"
#include "wrap/curl/http_client.hpp"

namespace ms2m {

const Resource& resource_of(Kind kind) noexcept {
  static constexpr Resource kPod{"v1", "Pod", "pods", true};
  static constexpr Resource kNode{"v1", "Node", "nodes", false};
  static constexpr Resource kEvent{"v1", "Event", "events", true};
  static constexpr Resource kLease{"coordination.k8s.io/v1", "Lease", "leases", true};
  static constexpr Resource kSecret{"v1", "Secret", "secrets", true};
  static constexpr Resource kConfigMap{"v1", "ConfigMap", "configmaps", true};
  static constexpr Resource kServiceAccount{"v1", "ServiceAccount", "serviceaccounts", true};
  static constexpr Resource kClaim{"v1", "PersistentVolumeClaim", "persistentvolumeclaims", true};
  static constexpr Resource kVolume{"v1", "PersistentVolume", "persistentvolumes", false};
  static constexpr Resource kBudget{"policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", true};
  static constexpr Resource kDeployment{"apps/v1", "Deployment", "deployments", true};
  static constexpr Resource kReplicaSet{"apps/v1", "ReplicaSet", "replicasets", true};
  static constexpr Resource kStatefulSet{"apps/v1", "StatefulSet", "statefulsets", true};
  static constexpr Resource kRevision{"apps/v1", "ControllerRevision", "controllerrevisions", true};
  static constexpr Resource kAutoscaler{"autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true};
  static constexpr Resource kScaledObject{"keda.sh/v1alpha1", "ScaledObject", "scaledobjects", true};
  static constexpr Resource kRuntimeClass{"node.k8s.io/v1", "RuntimeClass", "runtimeclasses", false};
  switch (kind) {
    case Kind::pod:
      return kPod;
    case Kind::node:
      return kNode;
    case Kind::event:
      return kEvent;
    case Kind::lease:
      return kLease;
    case Kind::secret:
      return kSecret;
    case Kind::config_map:
      return kConfigMap;
    case Kind::service_account:
      return kServiceAccount;
    case Kind::persistent_volume_claim:
      return kClaim;
    case Kind::persistent_volume:
      return kVolume;
    case Kind::pod_disruption_budget:
      return kBudget;
    case Kind::deployment:
      return kDeployment;
    case Kind::replica_set:
      return kReplicaSet;
    case Kind::stateful_set:
      return kStatefulSet;
    case Kind::controller_revision:
      return kRevision;
    case Kind::horizontal_pod_autoscaler:
      return kAutoscaler;
    case Kind::scaled_object:
      return kScaledObject;
    case Kind::runtime_class:
      return kRuntimeClass;
  }
  return kPod;
}

std::string collection_path(Kind kind, const std::string& ns) {
  const Resource& resource = resource_of(kind);
  const std::string version = resource.api_version;
  std::string path = (version.find('/') == std::string::npos ? "/api/" : "/apis/") + version;
  if (resource.namespaced && !ns.empty()) path += "/namespaces/" + url_encode(ns);
  return path + "/" + resource.plural;
}

std::string object_path(const ObjectRef& ref) {
  if (ref.name.empty())
    throw Error(ErrorKind::usage, std::string("an object of kind ") + resource_of(ref.kind).kind + " without a name");
  if (ref.name == "." || ref.name == "..") throw Error(ErrorKind::usage, "\"" + ref.name + "\" is no object's name");
  if (resource_of(ref.kind).namespaced && ref.ns.empty())
    throw Error(ErrorKind::usage, "no namespace given for " + to_string(ref));
  return collection_path(ref.kind, ref.ns) + "/" + url_encode(ref.name);
}

}  // namespace ms2m
