// Port: the Kubernetes API, as far as a migration needs it.
//
// Thread rule: implementations are safe to call from several threads. Every call may block until its token stops or its
// deadline passes. Retries of 429/503/dropped connections happen inside, as client-go does them; what comes out is
// final: Error{forbidden} 401/403, {conflict} 409, {refused} 400/422, {unavailable} not reachable or 5xx, {protocol}
// otherwise. Facts: kube-facts.md.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/error.hpp"
#include "ms2m/json.hpp"
#include "ms2m/stop.hpp"
#include "ms2m/units.hpp"

namespace ms2m {

/// The kinds of object that ms2m touches; the adapter knows their group, version and plural.
enum class Kind {
  pod,
  node,
  event,
  lease,
  secret,
  config_map,
  service_account,
  persistent_volume_claim,
  persistent_volume,
  pod_disruption_budget,
  deployment,
  replica_set,
  stateful_set,
  controller_revision,
  horizontal_pod_autoscaler,
  scaled_object,
  runtime_class,
};

struct ObjectRef {
  Kind kind;
  std::string ns;  ///< empty for cluster-scoped kinds
  std::string name;
};
std::string to_string(const ObjectRef& ref);  // "pod default/consumer-0", "node worker-1"

enum class PatchType { merge, json, strategic };

struct DeleteOptions {
  std::string uid;                   ///< precondition; empty: none
  std::optional<int> grace_seconds;  ///< nullopt: the object's own
  std::string propagation;           ///< "", "Background", "Foreground", "Orphan"
};

struct CreateOptions {
  bool dry_run = false;
};

/// One question for SelfSubjectAccessReview.
struct Right {
  std::string verb;
  std::string group;  ///< "" = core
  std::string resource;
  std::string subresource;
  std::string ns;  ///< "" = cluster scope
  std::string name;
};
std::string to_string(const Right& right);  // "create nodes/proxy", "delete pods in namespace default"

/// A checkpoint's answer: where the kubelet put the archive, on the node; an archive's path (archive.hpp) of that
/// container.
struct CheckpointArchive {
  std::string path;
};

/// The node's own answer: there is no checkpoint, and none will come. `cut_off`: the archive that it names as begun
/// (its disk is full); empty: there is none.
class NoCheckpoint : public Error {
 public:
  NoCheckpoint(const Error& error, std::string cut_off) : Error(error), cut_off_(std::move(cut_off)) {}
  const std::string& cut_off() const noexcept { return cut_off_; }

 private:
  std::string cut_off_;
};

/// Which cluster it is: on another one everything that this one has answers 404.
struct ClusterIdentity {
  std::string server;              ///< the API server's URL
  std::string context;             ///< of the kubeconfig; empty: the service account of a pod
  std::optional<std::string> uid;  ///< of namespace kube-system; nullopt: this user may not read it
};

class Cluster {
 public:
  virtual ~Cluster() = default;

  /// The namespace of the chosen kubeconfig context ("default" when it names none).
  virtual std::string default_namespace() const = 0;
  /// For the report: "https://198.18.0.1:6443 as kubernetes-admin". No secret.
  virtual std::string description() const = 0;
  /// Asks once, for the uid. Error as every call; a missing right is none.
  virtual ClusterIdentity identity(const StopToken& stop) = 0;

  /// Whether the API server answers now, whatever it says: a cheap request (GET /readyz) on a connection of its own,
  /// with the credentials at hand (a plugin is not run for it). false: nothing came before the token's deadline, or
  /// there is no connection to it. nullopt: it could not be asked, for a cause that lies here. Never asked twice
  /// inside; throws nothing but Cancelled.
  virtual std::optional<bool> answers(const StopToken& stop) = 0;

  /// nullopt: 404 of the object itself.
  virtual std::optional<Json> get(const ObjectRef& ref, const StopToken& stop) = 0;
  /// All items (paging inside). Selectors in Kubernetes' own syntax, empty = none.
  virtual std::vector<Json> list(Kind kind, const std::string& ns, const std::string& label_selector,
                                 const std::string& field_selector, const StopToken& stop) = 0;
  /// Returns the object as stored. Error{conflict} when it exists already. After an ambiguous failure (connection lost
  /// after sending) the adapter reads the object and returns it when it carries the same ms2m.io/id label/annotation.
  virtual Json create(const ObjectRef& ref, const Json& object, const CreateOptions& options,
                      const StopToken& stop) = 0;
  virtual Json update(const ObjectRef& ref, const Json& object, const StopToken& stop) = 0;
  virtual Json patch(const ObjectRef& ref, PatchType type, const Json& patch, const StopToken& stop) = 0;
  /// false: it was not there (also when the uid precondition does not match: then the one that was meant is gone).
  virtual bool remove(const ObjectRef& ref, const DeleteOptions& options, const StopToken& stop) = 0;

  /// Watches one object (get, then watch from its resourceVersion; re-lists on 410 Gone, reconnects on a dropped or
  /// ended watch) and hands every state to `done`, beginning with the present one; nullptr: the object does not exist
  /// (now). Returns as soon as `done` returns true. Exceptions of `done` pass through.
  virtual void watch(const ObjectRef& ref, const std::function<bool(const Json* object)>& done,
                     const StopToken& stop) = 0;

  virtual bool allowed(const Right& right, const StopToken& stop) = 0;

  /// Whether the node's kubelet has the checkpoint API switched on (GET .../metrics, kubernetes_feature_enabled);
  /// nullopt: the kubelet does not say, or the caller may not read it.
  virtual std::optional<bool> checkpoint_enabled(const std::string& node, const StopToken& stop) = 0;

  /// How long the node's kubelet waits for its container runtime (GET .../configz, runtimeRequestTimeout); nullopt: it
  /// cannot be asked now, does not tell, or the caller may not. Never asked twice inside.
  virtual std::optional<Millis> kubelet_patience(const std::string& node, const StopToken& stop) = 0;

  /// The node's pods of all namespaces, as its kubelet lists them (GET .../pods); nullopt: it cannot be asked now, or
  /// the caller may not. Never asked twice inside.
  virtual std::optional<std::vector<Json>> kubelet_pods(const std::string& node, const StopToken& stop) = 0;

  /// Whether the node's kubelet itself ends that very pod (GET .../pods, its own list: there with a deletionTimestamp,
  /// or not any more); nullopt: it cannot be asked now, or the caller may not. Never asked twice inside.
  virtual std::optional<bool> kubelet_ends(const std::string& node, const std::string& uid, const StopToken& stop) = 0;

  /// Whether the node's kubelet answers now, whatever it says, the way that checkpoint() goes (GET .../healthz); as
  /// answers(). false also when the API server says that it cannot reach it, or says nothing itself on that way.
  /// nullopt: it was not asked, as the API server has said something else in its stead, a refusal, say.
  virtual std::optional<bool> kubelet_answers(const std::string& node, const StopToken& stop) = 0;

  /// POST .../checkpoint/{ns}/{pod}/{container}. Blocks while the container is frozen. Never retried inside. On a
  /// timeout or a lost connection the dump GOES ON on the node: Error{timeout} or {unavailable}; the caller looks for
  /// the archive. Error{protocol}: the answer names none. NoCheckpoint: the kubelet says no, with its own text, boiled
  /// down to its cause (noise lines of CRIU's log removed).
  virtual CheckpointArchive checkpoint(const std::string& node, const std::string& ns, const std::string& pod,
                                       const std::string& container, const StopToken& stop) = 0;
};

}  // namespace ms2m
