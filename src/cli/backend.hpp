// What the commands need of the outside world. wiring.cpp implements it with the real adapters; tests bring fakes.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/environment.hpp"
#include "cli/options.hpp"
#include "ms2m/broker.hpp"
#include "ms2m/cluster.hpp"
#include "ms2m/entry_watch.hpp"
#include "ms2m/event.hpp"
#include "ms2m/listener.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/node_setup.hpp"
#include "ms2m/prune.hpp"
#include "ms2m/remnants.hpp"
#include "ms2m/standing.hpp"

namespace ms2m::cli {

struct KubeOptions {
  std::string kubeconfig;  ///< empty: $KUBECONFIG, ~/.kube/config, then the pod's own service account
  std::string context;
  std::string ns;
  KubeletPath kubelet = KubeletPath::proxy;
  KubeFlags flags = {};
  std::string token = {};            ///< secret
  Millis request_limit = Millis{0};  ///< 0: the adapter's own
};

struct EngineOptions {
  BrokerAddress broker;
  SshOptions ssh;
  StepTimeouts timeouts;
  Millis dead_man{15000};  ///< how long ms2m may be silent
  bool connect = true;     ///< to the broker at once; false: the preflight does, beside its other questions
  std::string
      label;  ///< for the broker's list of connections: the migration's id, or the pod's name before there is one
  Migrator::Beside beside{};
};

/// What the agents and who asks them know each other by; PEM, but for the token.
struct AgentKeys {
  std::string authority, certificate, key, token;
};

struct AgentServing {
  std::string address;
  int port = 0;
  std::string keys;  ///< a directory
  std::string node;  ///< its name; may be empty
};

/// Of what is told to whoever listens. Empty: not known yet.
struct Telling {
  std::string command, migration;
  std::string pod;         ///< "shop/orders-0": where one process works on several at a time
  Dials* dials = nullptr;  ///< that whoever listens may turn; nullptr: none
};

/// The use cases, as Migrator has them. See ms2m/migrator.hpp for what each promises.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual Plan plan(const MigrationRequest& request, const StopToken& stop) = 0;
  virtual Outcome migrate(const MigrationRequest& request, const Provenance& provenance, const StopToken& stop) = 0;
  virtual Outcome abort(const std::string& id, const StopToken& stop) = 0;
  virtual Outcome resume(const std::string& id, const StopToken& stop) = 0;
  virtual std::vector<Outcome> cleanup(const std::string& id, const StopToken& stop) = 0;
  virtual std::vector<Remnant> find_remnants(const RemnantQuestion& question, const StopToken& stop) = 0;
  /// The nodes that had no node program, and where one was brought and kept since this was made.
  virtual std::vector<std::string> program_brought_to() const = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;

  /// Reads the kubeconfig and runs its credential plugin, which may wait for a person to log in; does not connect.
  /// Error{usage}: a file, context or namespace that is wrong; {forbidden, timeout, ...}: the plugin gives no
  /// credentials.
  virtual std::shared_ptr<Cluster> cluster(const KubeOptions& options, const StopToken& stop) = 0;
  /// Who is told of the journals' entries, if the environment wants somebody; a release never does. Error{usage}.
  virtual std::unique_ptr<EntryWatch> entry_watch(const Environment&, const StopToken&) const { return nullptr; }
  /// The names of all namespaces. Error{forbidden, unavailable, ...}.
  virtual std::vector<std::string> namespaces(const KubeOptions& options, const StopToken& stop) = 0;
  /// The contexts of that kubeconfig (empty: of the one that cluster() would take). Error{usage} when it is none.
  virtual std::vector<std::string> contexts(const std::string& kubeconfig) const = 0;
  /// Connects to the broker, if it is to. Error{unavailable, forbidden, ...}.
  virtual std::unique_ptr<Engine> engine(std::shared_ptr<Cluster> cluster, const EngineOptions& options,
                                         Observer& observer, const StopToken& stop) = 0;
  /// Error{usage}.
  virtual BrokerAddress parse_broker_uri(std::string_view uri) const = 0;

  virtual std::vector<JournalSummary> journals() const = 0;                        ///< as JournalStore::list()
  virtual std::optional<JournalSummary> journal(const std::string& id) const = 0;  ///< as JournalStore::find()
  virtual void forget_journal(const std::string& id) const = 0;
  virtual std::vector<std::string> prune_journals(
      const JournalLimits& limits) const = 0;                                 ///< as ms2m::prune_journals()
  virtual std::optional<Standing> standing(const std::string& id) const = 0;  ///< as standing_of(); nothing: no journal
  /// The document of kind "outcome" that was kept last; nothing: none was. Error{failed}: it cannot be read.
  virtual std::optional<Json> outcome(const std::string& id) const = 0;
  /// Beside the journal, where there is one. Error{failed}.
  virtual void keep_outcome(const std::string& id, const Json& outcome) const = 0;
  /// An observer that tells `inner`, and, until it is destroyed, whoever listens on this machine.
  virtual std::unique_ptr<Observer> tell(const Telling& telling, Observer& inner) const = 0;
  /// Runs commands of the operator's; what they write goes to the observer.
  virtual std::unique_ptr<Hooks> hooks(Observer& observer) const = 0;
  /// To each ms2m of this user that runs here.
  virtual std::vector<std::unique_ptr<Listener>> listen() const = 0;
  /// Removes from a node the programs that were brought and kept there. False: there was none. `cluster` is asked where
  /// ssh does not know the node's name. Errors as Nodes::open().
  virtual bool forget_node_program(std::shared_ptr<Cluster> cluster, const SshOptions& ssh, const std::string& node,
                                   const StopToken& stop) = 0;
  /// By logins that have a shell. `cluster` is asked where ssh does not know a node's name, and for its runtime.
  virtual std::unique_ptr<NodeSetup> node_setup(std::shared_ptr<Cluster> cluster, const SshOptions& ssh) = 0;
  /// Made anew. Error{failed}.
  virtual AgentKeys agent_keys() const = 0;
  /// Serves until `stop`; `log` is called from several threads. Error{usage, failed}: it cannot begin.
  virtual void serve_agent(const AgentServing& serving, const std::function<void(const std::string&)>& log,
                           const StopToken& stop) = 0;
  /// On the node in one of whose containers this runs. `runtime` as nodeInfo.containerRuntimeVersion has it.
  virtual std::unique_ptr<NodeSetup> own_node_setup(const std::string& runtime) = 0;
  /// The program for nodes that is in ms2m: an executable file's bytes.
  virtual std::string_view node_program() const = 0;
};

}  // namespace ms2m::cli
