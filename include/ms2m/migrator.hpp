// The use cases of the program: what the commands call. Implemented in src/engine; ports by constructor.
#pragma once
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/broker.hpp"
#include "ms2m/cluster.hpp"
#include "ms2m/dials.hpp"
#include "ms2m/entry_watch.hpp"
#include "ms2m/event.hpp"
#include "ms2m/node.hpp"
#include "ms2m/node_dump.hpp"
#include "ms2m/node_restore.hpp"
#include "ms2m/offset_command.hpp"
#include "ms2m/outcome.hpp"
#include "ms2m/place.hpp"
#include "ms2m/plan.hpp"
#include "ms2m/registry.hpp"
#include "ms2m/request.hpp"

namespace ms2m {

/// What the journal of one migration says, without carrying anything out. Secrets are never in a journal.
struct JournalSummary {
  std::string id;
  std::string started;  ///< RFC 3339, UTC
  std::string state;    ///< "running or crashed", "done", "undone", "leftovers", "cleanup_incomplete", kUnreadable
  bool pivoted = false;
  std::string ns, source_pod, source_node, target_pod, target_node, queue, strategy;
  std::string kubeconfig, context;  ///< that it used, so that abort takes them again
  KubeFlags kube;                   ///< and with them
  std::string server;               ///< of that cluster; empty: an ms2m of before it was noted
  std::string cluster_uid;          ///< of its namespace kube-system; empty: not known
  std::string ssh_config, ssh_host, node_program;
  std::string transfer, agent_namespace, agent_address, registry, registry_ca;  ///< as Provenance has them
  std::string profile;  ///< of config.yaml, that it used: what it says of secrets is nowhere else
  std::string broker;   ///< without secrets
  Json pod;  ///< a StatefulSet's pod as it is to be created, null otherwise: while it changes hands there is none to
             ///< ask for the broker
  long pid = 0;  ///< of the process that wrote it
  std::string host;
  std::string error, remedy;  ///< why it is unreadable; nothing but `id` is known then
};
inline constexpr const char* kUnreadable = "unreadable";

/// $XDG_STATE_HOME/ms2m (default ~/.local/state/ms2m), one directory <id>/ (0700) with journal.jsonl (0600) per
/// migration.
class JournalStore {
 public:
  explicit JournalStore(std::filesystem::path root);
  static std::filesystem::path default_root();
  /// Newest first, unreadable ones last. Error{failed}: there may be journals, but this user cannot look.
  std::vector<JournalSummary> list() const;
  /// Nothing: there is none. Error{failed, refused}: there is one, and it cannot be read.
  std::optional<JournalSummary> find(const std::string& id) const;
  void forget(const std::string& id) const;  ///< removes the directory of a finished migration
  const std::filesystem::path& root() const { return root_; }

 private:
  std::filesystem::path root_;
};

/// What the journal keeps so that abort and resume find the same cluster, broker and nodes again, and know them.
struct Provenance {
  std::string kubeconfig, context;
  std::string broker;       ///< describe(BrokerAddress): without secrets
  std::string server;       ///< ClusterIdentity's
  std::string cluster_uid;  ///< ClusterIdentity's; empty: not known
  std::string vhost = "/";
  std::string ssh_config, ssh_host;
  std::string node_program;  ///< the file that is brought to nodes instead of ms2m's own; empty: none
  std::string transfer;      ///< "http": nodes were reached by their agents; else by ssh
  std::string agent_namespace, agent_address;
  std::string registry;     ///< "registry.example:5000/ms2m", "http://..."; who may there what is in no journal
  std::string registry_ca;  ///< file of certificates that it is trusted by; empty: the nodes' own
  KubeFlags kube = {};      ///< beside kubeconfig and context
  std::string profile{};    ///< of config.yaml, that was in force; empty: none
};

/// One per process run; not thread-safe. Ports outlive it.
class Migrator {
 public:
  struct Ports {
    Cluster& cluster;
    Broker& broker;
    BrokerAdmin& admin;
    Nodes& nodes;
    NodeInspector& inspector;
    CheckpointArchives& archives;
    Carrier& carrier;
    ImageStore& images;
    ContainerProcess& processes;
    NodeRestores& restores;
    RuntimeCheckpoints& dumps;
    Registry& registry;
    OffsetCommand* offsets = nullptr;  ///< nullptr: a request with a command for them is refused
  };
  /// What outlives it, too.
  struct Beside {
    Hooks* hooks = nullptr;       ///< nullptr: a request that has some is refused
    Dials* dials = nullptr;       ///< nullptr: nobody changes anything meanwhile
    EntryWatch* watch = nullptr;  ///< of the journals that are written; nullptr: nobody is told of their entries
  };
  /// So old may what plan() found out be when a move begins.
  static constexpr std::chrono::seconds kFresh{10};

  Migrator(const Ports& ports, JournalStore journals, Observer& observer);
  Migrator(const Ports& ports, JournalStore journals, Observer& observer, const Beside& beside);
  ~Migrator();

  /// Reads facts and plans; touches nothing. Plan::findings has the refusals. Throws Error/Cancelled only when facts
  /// cannot be read at all (pod not found: Error{refused}).
  Plan plan(const MigrationRequest& request, const StopToken& stop);
  /// plan(), or one of the same that is kFresh; refuses or carries it out. Never throws: what happened is in the
  /// Outcome.
  Outcome migrate(const MigrationRequest& request, const Provenance& provenance, const StopToken& stop);
  /// Undoes (before the pivot) or finishes (after it) what the journal says. Refuses while the process that wrote the
  /// journal still runs on this host. Never throws.
  Outcome abort(const std::string& id, const StopToken& stop);
  /// Goes on: after the pivot as abort(); before it undoes, because a half-done transfer is not worth continuing.
  Outcome resume(const std::string& id, const StopToken& stop);
  /// abort() or finish for one or, with an empty id, every unfinished journal; removes journals of finished ones.
  std::vector<Outcome> cleanup(const std::string& id, const StopToken& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ms2m
