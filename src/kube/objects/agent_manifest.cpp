#include "kube/objects/agent_manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/base64.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

// {0}: namespace. {1} to {4}: authority, token, certificate, key, in base64.
constexpr const char* kHead =
    R"(# The agents of ms2m: `ms2m migrate --transfer http` moves pods through them, without ssh.
#
# This text holds secrets, made for it: the agents' key, and the token that lets in. Whoever has the token is root on
# every node that an agent runs on. Apply it, and keep it nowhere:
#
#   ms2m agent manifest --image IMAGE | kubectl apply -f -
#
# Applied again, it brings another key and another token; then: kubectl --namespace={0} rollout restart daemonset/ms2m-agent
apiVersion: v1
kind: Namespace
metadata:
  name: {0}
  labels:
    app.kubernetes.io/name: ms2m-agent
    # The agents are privileged (see the DaemonSet), which is refused where nothing else is said.
    pod-security.kubernetes.io/enforce: privileged
---
# No right at all: no Role is bound to it, and its token is not brought into the pods. An agent asks the API server for
# nothing.
apiVersion: v1
kind: ServiceAccount
metadata:
  name: ms2m-agent
  namespace: {0}
automountServiceAccountToken: false
---
# What ms2m reads: by the token it is let in, by the authority's certificate it knows the agents (--agent-address straight).
apiVersion: v1
kind: Secret
metadata:
  name: ms2m-agent
  namespace: {0}
type: Opaque
data:
  ca.crt: {1}
  token: {2}
---
# What only the agents have. The key that has signed the certificate is kept nowhere.
apiVersion: v1
kind: Secret
metadata:
  name: ms2m-agent-tls
  namespace: {0}
type: kubernetes.io/tls
data:
  tls.crt: {3}
  tls.key: {4}
---
# For whoever moves pods by the agents; bind it to them. They become root on the nodes by it.
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: ms2m-agent-user
  namespace: {0}
rules:
# list: which pod is the agent of a node, and whether it is ready.
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
# Requests to the agents through the API server. get: what comes from a node; create: what goes there. The API server
# reads along, and does not check an agent's certificate: the token goes to whoever answers at the pod's address.
# (Not for --agent-address straight, which checks it.)
- apiGroups: [""]
  resources: [pods/proxy]
  verbs: [get, create]
# The token, and the certificate that the agents are known by. Only this one: not the agents' key.
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [ms2m-agent]
  verbs: [get]
)";

constexpr const char* kClass = R"(---
# Pods that ms2m restores ask for the runtime handler by this class.
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata:
  name: ms2m
  labels:
    app.kubernetes.io/managed-by: ms2m
    # `ms2m node setup --remove` leaves it: it does not know on which nodes the agents' first step was.
    app.kubernetes.io/part-of: ms2m-agent
handler: ms2m
)";

// {0}: namespace, {1}: the step before, {2}: image, {3}: lines of the node selector.
constexpr const char* kSet = R"(---
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: ms2m-agent
  namespace: {0}
  labels:
    app.kubernetes.io/name: ms2m-agent
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: ms2m-agent
  updateStrategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 1
  template:
    metadata:
      labels:
        app.kubernetes.io/name: ms2m-agent
    spec:
      serviceAccountName: ms2m-agent
      automountServiceAccountToken: false
      enableServiceLinks: false
      # The node's processes, to enter the namespaces of the first of them, and to freeze and wake those of a pod's. The pod
      # has no hostPath and not the host's network.
      hostPID: true
      nodeSelector:
        kubernetes.io/os: linux
{3}      # On every node from which or to which a pod may move.
      tolerations:
      - operator: Exists
      # When it is asked to end, it waits for what it has begun on the node: containers are woken, dumps ended.
      terminationGracePeriodSeconds: 30
{1}      containers:
      - name: agent
        image: {2}
        command: [/usr/bin/ms2m, agent, serve, --listen, "0.0.0.0:8443", --keys, /etc/ms2m-agent, --node, $(NODE_NAME)]
        env:
        - name: NODE_NAME
          valueFrom:
            fieldRef:
              fieldPath: spec.nodeName
        ports:
        - name: https
          containerPort: 8443
        readinessProbe:
          httpGet:
            path: /healthz
            port: https
            scheme: HTTPS
          periodSeconds: 5
        # One that hangs is started again; the programs that it has started on the node see their input end, and undo.
        livenessProbe:
          httpGet:
            path: /healthz
            port: https
            scheme: HTTPS
          periodSeconds: 10
          timeoutSeconds: 5
          failureThreshold: 3
        # The limit is the agent's own: the programs that it starts are in control groups of the node's.
        resources:
          requests:
            cpu: 10m
            memory: 32Mi
          limits:
            memory: 512Mi
        securityContext:
          # Checkpoint and restore are root's work on the node: CRIU, namespaces, control groups.
          privileged: true
          readOnlyRootFilesystem: true
        volumeMounts:
        - name: keys
          mountPath: /etc/ms2m-agent
          readOnly: true
      volumes:
      - name: keys
        projected:
          defaultMode: 0400
          sources:
          - secret:
              name: ms2m-agent
              items:
              - key: token
                path: token
          - secret:
              name: ms2m-agent-tls
)";

constexpr const char* kSetup = R"(      initContainers:
      # As `ms2m node setup`: the runtime handler, and what CRIU needs. The container runtime is not restarted; where it has
      # to be, the log of this step says so.
      - name: setup
        image: {0}
        command: [/usr/bin/ms2m, agent, setup, --node, $(NODE_NAME)]
        env:
        - name: NODE_NAME
          valueFrom:
            fieldRef:
              fieldPath: spec.nodeName
        securityContext:
          # It writes below /etc, /usr/libexec and /var/lib of the node.
          privileged: true
          readOnlyRootFilesystem: true
)";

constexpr const char* kSystem = "kubernetes.io/os";

bool is_name(const std::string& text) {
  const auto fits = [](unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), fits);
}

/// What YAML takes as it stands, and a shell too.
bool is_plain(const std::string& text, const char* more) {
  const std::string others = more;
  return std::all_of(text.begin(), text.end(), [&](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(static_cast<char>(c)) != std::string::npos;
  });
}

/// Begins and ends with a letter or a digit, as names of images and labels do; YAML has its own idea of others.
bool is_bounded(const std::string& text) {
  return std::isalnum(static_cast<unsigned char>(text.front())) != 0 &&
         std::isalnum(static_cast<unsigned char>(text.back())) != 0;
}

/// In a message of one line.
std::string shown(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' '; }, '?');
  return text;
}

}  // namespace

std::string agent_manifest(const AgentManifest& manifest) {
  if (!is_name(manifest.ns))
    throw Error(ErrorKind::usage, "'" + shown(manifest.ns) + "' is not the name of a namespace");
  if (manifest.image.empty() || !is_plain(manifest.image, "._-/:@") || !is_bounded(manifest.image))
    throw Error(ErrorKind::usage, "'" + shown(manifest.image) + "' is not the name of an image");
  std::string labels;
  for (const auto& [key, value] : manifest.node_selector) {
    if (key.empty() || !is_plain(key, "._-/") || !is_plain(value, "._-") || !is_bounded(key) ||
        (!value.empty() && !is_bounded(value)))
      throw Error(ErrorKind::usage, "'" + shown(key + "=" + value) + "' is not a label");
    if (key == kSystem) throw Error(ErrorKind::usage, "the agents have the node selector " + key + "=linux already");
    labels += fmt::format("        {}: \"{}\"\n", key, value);
  }
  const auto encoded = [](const std::string& text) { return base64_encode(text); };
  std::string text = fmt::format(fmt::runtime(kHead), manifest.ns, encoded(manifest.authority), encoded(manifest.token),
                                 encoded(manifest.certificate), encoded(manifest.key));
  if (manifest.setup) text += kClass;
  const std::string before = manifest.setup ? fmt::format(fmt::runtime(kSetup), manifest.image) : "";
  return text + fmt::format(fmt::runtime(kSet), manifest.ns, before, manifest.image, labels);
}

}  // namespace ms2m
