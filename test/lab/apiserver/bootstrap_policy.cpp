#include "bootstrap_policy.hpp"

namespace ms2m::lab {

namespace {
const char* const kRoles = R"(
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: cluster-admin}
rules:
- {verbs: ["*"], apiGroups: ["*"], resources: ["*"]}
- {verbs: ["*"], nonResourceURLs: ["*"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "system:basic-user"}
rules:
- {verbs: [create], apiGroups: [authorization.k8s.io], resources: [selfsubjectaccessreviews, selfsubjectrulesreviews]}
- {verbs: [create], apiGroups: [authentication.k8s.io], resources: [selfsubjectreviews]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "system:discovery"}
rules:
- {verbs: [get], nonResourceURLs: [/api, "/api/*", /apis, "/apis/*", /healthz, /livez, /openapi, "/openapi/*", /readyz, /version, /version/]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "system:public-info-viewer"}
rules:
- {verbs: [get], nonResourceURLs: [/healthz, /livez, /readyz, /version, /version/]}
---
# Does not hold nodes/checkpoint: on a cluster whose API server has only this one, every proxied checkpoint is a 403.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "system:kubelet-api-admin"}
rules:
- {verbs: [get, list, watch], apiGroups: [""], resources: [nodes]}
- {verbs: [proxy], apiGroups: [""], resources: [nodes]}
- {verbs: ["*"], apiGroups: [""], resources: [nodes/log, nodes/metrics, nodes/proxy, nodes/spec, nodes/stats, nodes/configz, nodes/healthz, nodes/pods]}
---
# Stands in for the Node authorizer, which looks at what is bound to the node.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "system:node"}
rules:
- {verbs: [create], apiGroups: [authentication.k8s.io], resources: [tokenreviews]}
- {verbs: [create], apiGroups: [authorization.k8s.io], resources: [subjectaccessreviews, localsubjectaccessreviews]}
- {verbs: [get, list, watch], apiGroups: [""], resources: [services, configmaps, secrets, persistentvolumeclaims, persistentvolumes, namespaces]}
- {verbs: [create, get, list, watch, update, patch], apiGroups: [""], resources: [nodes]}
- {verbs: [update, patch, get], apiGroups: [""], resources: [nodes/status]}
- {verbs: [create, update, patch], apiGroups: [""], resources: [events]}
- {verbs: [get, list, watch, create, delete], apiGroups: [""], resources: [pods]}
- {verbs: [update, patch, get], apiGroups: [""], resources: [pods/status]}
- {verbs: [create], apiGroups: [""], resources: [pods/eviction, serviceaccounts/token]}
- {verbs: [get], apiGroups: [""], resources: [serviceaccounts]}
- {verbs: [create, get, update, patch, delete], apiGroups: [coordination.k8s.io], resources: [leases]}
- {verbs: [get, list, watch], apiGroups: [node.k8s.io], resources: [runtimeclasses]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: view}
rules:
- verbs: [get, list, watch]
  apiGroups: [""]
  resources: [configmaps, endpoints, persistentvolumeclaims, persistentvolumeclaims/status, pods, replicationcontrollers, replicationcontrollers/scale, serviceaccounts, services, services/status]
- verbs: [get, list, watch]
  apiGroups: [""]
  resources: [bindings, limitranges, namespaces/status, pods/log, pods/status, replicationcontrollers/status, resourcequotas, resourcequotas/status]
- {verbs: [get, list, watch], apiGroups: [""], resources: [namespaces]}
- {verbs: [get, list, watch], apiGroups: ["", events.k8s.io], resources: [events]}
- {verbs: [get, list, watch], apiGroups: [discovery.k8s.io], resources: [endpointslices]}
- verbs: [get, list, watch]
  apiGroups: [apps]
  resources: [controllerrevisions, daemonsets, daemonsets/status, deployments, deployments/scale, deployments/status, replicasets, replicasets/scale, replicasets/status, statefulsets, statefulsets/scale, statefulsets/status]
- {verbs: [get, list, watch], apiGroups: [autoscaling], resources: [horizontalpodautoscalers, horizontalpodautoscalers/status]}
- {verbs: [get, list, watch], apiGroups: [batch], resources: [cronjobs, cronjobs/status, jobs, jobs/status]}
- {verbs: [get, list, watch], apiGroups: [policy], resources: [poddisruptionbudgets, poddisruptionbudgets/status]}
- {verbs: [get, list, watch], apiGroups: [networking.k8s.io], resources: [ingresses, ingresses/status, networkpolicies]}
)";

const char* const kEditRoles = R"(
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: edit}
rules:
- {verbs: [get, list, watch], apiGroups: [""], resources: [secrets, pods/log, pods/status, namespaces, events, resourcequotas, limitranges]}
- {verbs: [get, list, watch, create, delete, deletecollection, patch, update], apiGroups: [""], resources: [pods, configmaps, endpoints, events, persistentvolumeclaims, secrets, serviceaccounts, services]}
- {verbs: [create], apiGroups: [""], resources: [pods/eviction, serviceaccounts/token]}
- {verbs: [get, list, watch, create, delete, deletecollection, patch, update], apiGroups: [apps], resources: [daemonsets, deployments, deployments/scale, replicasets, replicasets/scale, statefulsets, statefulsets/scale]}
- {verbs: [get, list, watch], apiGroups: [apps], resources: [controllerrevisions]}
- {verbs: [get, list, watch, create, delete, deletecollection, patch, update], apiGroups: [policy], resources: [poddisruptionbudgets]}
- {verbs: [get, list, watch, create, delete, deletecollection, patch, update], apiGroups: [coordination.k8s.io], resources: [leases]}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: system-cluster-critical}
value: 2000000000
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: system-node-critical}
value: 2000001000
)";

const char* const kBindings = R"(
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: cluster-admin}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:masters"}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "kubeadm:cluster-admins"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "kubeadm:cluster-admins"}]
---
# kubeadm gives the API server's own client to the kubelets this power through its group. Without it the kubelets refuse
# proxied checkpoints, as system:kubelet-api-admin does not hold nodes/checkpoint.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "ms2m-lab:apiserver-kubelet-client"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: kube-apiserver-kubelet-client}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "system:basic-user"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:basic-user"}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:authenticated"}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "system:discovery"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:discovery"}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:authenticated"}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "system:public-info-viewer"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:public-info-viewer"}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:authenticated"}
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:unauthenticated"}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "system:node"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:node"}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:nodes"}]
)";
}  // namespace

std::string bootstrap_policy() { return std::string(kRoles) + "---" + kEditRoles + "---" + kBindings; }

}  // namespace ms2m::lab
