// What the cluster, the nodes and the broker look like now. Read once before the plan; nothing here changes anything.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "handover/consumer_status.hpp"
#include "kube/objects/controllers.hpp"
#include "kube/objects/lease.hpp"
#include "kube/objects/placement.hpp"
#include "kube/objects/scalers.hpp"
#include "kube/objects/volumes.hpp"
#include "ms2m/broker.hpp"
#include "ms2m/cluster.hpp"
#include "ms2m/json.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/node.hpp"
#include "ms2m/procedure.hpp"
#include "ms2m/request.hpp"
#include "plan/node_tools.hpp"

namespace ms2m {

/// Something that could not be read, and what cures it.
struct Trouble {
  std::string text;
  std::string cure;
};

struct NodeFacts {
  std::optional<Node> node;       ///< nullopt: there is none, or it could not be read
  std::optional<Trouble> access;  ///< ssh does not work
  std::string tool;               ///< of the image store
  std::optional<Trouble> tool_trouble;
  std::optional<StoredImage> image;  ///< the base image there
  std::optional<StoredImage> named;  ///< the image that the pod's own name for it leads to there: the target's alone
  NodeLook look;
  NodeTools tools;
  std::optional<Millis> kubelet_patience;  ///< with its container runtime; of the target alone
};

/// Why the source's node does not reach the target's for Carriage::direct; empty: it does.
struct Obstacle {
  std::string why;
};

/// Of the registry that the checkpoint is to go through.
struct RegistryFacts {
  std::string name;                       ///< empty: there is none
  std::optional<Trouble> source, target;  ///< why that node cannot push, or pull
  bool deletes = true;
};

/// What is asked. Each answer stands for itself: one that does not come leaves the others as they are.
enum class Question {
  rights,
  source_node,
  target_node,
  owner,
  claims,
  volumes,
  budgets,
  target_pods,
  autoscalers,
  lease,
  runtime_class,
  source_gate,
  target_gate,
  archives,
  broker,  ///< the connection
  broker_rights,
  queue,
  control_queue,
  status,  ///< of the source of a stream, asked of itself
  management,
  policies,
  alarms,
};

/// A question that could not be asked, or was not answered. That is neither "no" nor "not there".
struct Unasked {
  Question question;
  bool needed = true;  ///< a migration cannot do without the answer
  Trouble trouble;
};

struct Facts {
  std::string ns;
  Json pod;
  /// Decided as soon as the pod was read, but for how it is restored and how its data goes, for which the nodes are
  /// asked; their runtimes are in the plan's.
  Procedure procedure;
  std::string container;
  std::optional<Controller> owner;       ///< the controlling ReplicaSet or StatefulSet
  std::optional<Controller> deployment;  ///< the ReplicaSet's owner
  std::string base_image;                ///< name@digest or name of the image that the container runs
  NodeFacts source, target;
  std::optional<bool> checkpoint_gate;
  std::optional<bool> target_gate;  ///< of the target's kubelet; asked only where it is needed (identity.hpp)
  std::vector<Right> missing_rights;
  std::string archive_directory;             ///< of the source node's kubelet
  std::vector<std::string> archives_before;  ///< in it, of this container
  std::vector<Occupant> target_node_pods;
  std::vector<Claim> claims;              ///< that the pod mounts
  std::vector<PersistentVolume> volumes;  ///< that the claims are bound to
  std::vector<DisruptionBudget> disruption_budgets;
  std::vector<HorizontalPodAutoscaler> autoscalers;  ///< of the namespace
  std::vector<ScaledObject> scaled_objects;          ///< KEDA's, of the namespace
  bool autoscalers_read = false;                     ///< both could be asked for
  bool keda_served = false;                          ///< this cluster has KEDA's API
  std::optional<std::string> runtime_handler;  ///< of the class that the pod names; nullopt: none, or it is not known
  /// The RuntimeClass of ms2m's handler is there, and is that; asked only where the handler may restore.
  std::optional<bool> handler_class;
  std::optional<Obstacle> direct;         ///< between the nodes; asked only where the request wants that way
  std::optional<RegistryFacts> registry;  ///< likewise
  std::optional<Lease> lease;

  MissingBrokerRights missing_broker_rights;
  std::optional<QueueDepth> depth;           ///< of the queue; nullopt: no such queue
  std::optional<QueueDepth> source_control;  ///< of the source's control queue; nullopt: no such queue
  std::optional<std::string> admin_version;  ///< nullopt: no management API
  std::optional<QueueFacts> queue;
  std::optional<Json> policy_on_ours;  ///< what the policies make of ms2m's own queues; nullopt: not known
  std::optional<QueueTotals> totals;
  /// Of the queue, to exchanges that have a name; asked of a fan-out alone.
  std::optional<std::vector<QueueBinding>> bindings;
  std::optional<ConsumerStatus> stream;  ///< what the source of a stream says of itself; nullopt: it does not answer
  std::optional<std::chrono::seconds> heartbeat;  ///< of the only consumer's connection, 0: none; nullopt: not known
  std::vector<std::string> alarms;
  std::string broker_version;

  std::vector<Unasked> unasked;  ///< in the order of the questions; the fact of each is as if there were nothing
  bool asked(Question question) const;
};

/// ID of the image that the source's container was made from; empty: unknown.
std::string source_image_id(const Facts& facts);
/// Names of the image that the source's container runs: of its status and of the node's store; some may be IDs.
std::vector<std::string> known_image_names(const Facts& facts);

/// The rights that this request needs (also the source of examples/rbac.yaml's test).
std::vector<Right> needed_rights(const MigrationRequest& request, const Procedure& procedure,
                                 const std::string& source_node);

/// The rights at the broker that this request needs, for names with an id that nobody has yet.
std::vector<BrokerRight> needed_broker_rights(const MigrationRequest& request, const Procedure& procedure,
                                              const std::string& id);

/// Asks everything, side by side. Throws Error{refused} when the pod or container does not exist, other Errors when the
/// pod cannot be read; whatever else is wrong is a fact.
Facts gather_facts(const Migrator::Ports& ports, const MigrationRequest& request, const StopToken& stop);

}  // namespace ms2m
