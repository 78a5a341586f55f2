// Which adapter stands behind which port.
#include "cli/wiring.hpp"

#include <fstream>
#include <iterator>
#include <utility>

#include "agent/keys.hpp"
#include "agent/program.hpp"
#include "agent/server.hpp"
#include "base/ids.hpp"
#include "broker/rabbit_admin.hpp"
#include "broker/rabbit_broker.hpp"
#include "broker/uri.hpp"
#include "carry/direct.hpp"
#include "carry/registry.hpp"
#include "cli/wiring_kube.hpp"
#include "engine/fault_point.hpp"
#include "engine/lease_phases.hpp"
#include "hook/shell_hooks.hpp"
#include "hook/shell_offsets.hpp"
#include "kube/agents.hpp"
#include "kube/kube_cluster.hpp"
#include "kube/kubeconfig.hpp"
#include "kube/objects/placement.hpp"
#include "live/reader.hpp"
#include "live/server.hpp"
#include "node/session/adapters.hpp"
#include "node/session/agent_link.hpp"
#include "node/session/local_link.hpp"
#include "node/session/session_dumps.hpp"
#include "node/session/session_restores.hpp"
#include "node/session/session_setup.hpp"
#include "node/session/ssh_nodes.hpp"

namespace ms2m::cli {

namespace {

ms2m::SshOptions ssh_options(const EngineOptions& options) {
  ms2m::SshOptions ssh;
  ssh.config = options.ssh.config;
  ssh.destination = options.ssh.host;
  ssh.connect_timeout = std::chrono::duration_cast<Millis>(options.timeouts.connect);
  return ssh;
}

NodeAddresses addresses_from(std::shared_ptr<Cluster> cluster) {
  return [cluster = std::move(cluster)](const std::string& name, const StopToken& stop) {
    const auto node = cluster->get({Kind::node, "", name}, stop);
    return node ? internal_addresses(*node) : std::vector<std::string>{};
  };
}

NodeRuntimes runtimes_from(std::shared_ptr<Cluster> cluster) {
  return [cluster = std::move(cluster)](const std::string& name, const StopToken& stop) -> std::string {
    try {
      const auto node = cluster->get({Kind::node, "", name}, stop);
      return node ? parse_node(*node).runtime : "";
    } catch (const Error&) {
      return "";  // who needs the node's object says so
    }
  };
}

/// "consumer-0.k3x9qa"; what of the label no header or log is to have is left out.
std::string agent_owner(const std::string& label) {
  std::string owner;
  for (const char c : label)
    if (owner.size() < 40 && (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.')) owner += c;
  return (owner.empty() ? "ms2m" : owner) + "." + new_id();
}

/// Sessions by the agents. All of a run have one owner, which is nobody else's.
OpenLine by_agents(const EngineOptions& options, const std::shared_ptr<Cluster>& cluster, Observer* observer) {
  const auto kube = std::dynamic_pointer_cast<KubeCluster>(cluster);
  if (!kube) throw Error(ErrorKind::usage, "agents are reached through a cluster's API server alone");
  AgentPlace place;
  if (!options.ssh.agent_namespace.empty()) place.ns = options.ssh.agent_namespace;
  place.straight = options.ssh.agent_address == "straight";
  place.place = kube->place();
  const auto agents = std::make_shared<Agents>(cluster, kube->api(), place);
  const std::string owner = agent_owner(options.label);
  const auto connect = std::chrono::duration_cast<Millis>(options.timeouts.connect);
  return [agents, owner, connect, observer, ns = place.ns](const std::string& node, Millis silence,
                                                           const StopToken& stop) {
    const Agent agent = agents->find(node, stop);
    const auto request = [agents, agent](const AgentCall& call, const StopToken& until) -> AgentAnswer {
      AgentReply reply = agents->ask(agent, call.method, call.path, call.owner, call.body, until);
      return {reply.status, std::move(reply.body)};
    };
    node::Link link = node::open_agent_link(node, request, {owner, silence, connect, agents->by_hand()}, stop);
    if (observer != nullptr) {
      Event event;
      event.type = Event::Type::note;
      event.text = "node " + node + " by its agent, pod " + ns + "/" + agent.pod;
      observer->on(event);
    }
    return link;
  };
}

NodeSettings node_settings(const EngineOptions& options, const std::shared_ptr<Cluster>& cluster,
                           Observer* observer = nullptr) {
  NodeSettings settings;
  settings.ssh = ssh_options(options);
  settings.addresses = addresses_from(cluster);
  settings.runtimes = runtimes_from(cluster);
  // As on the broker: ms2m's silence is noticed long before the dead man's time.
  settings.silence = options.dead_man / 3;
  settings.program = options.ssh.node_program;
  if (options.ssh.by_agents()) settings.open_line = by_agents(options, cluster, observer);
  return settings;
}

/// Null: no registry is named.
std::unique_ptr<RegistryClient> registry_client(SshNodes& nodes, const SshOptions& options) {
  if (options.registry.empty()) return nullptr;
  RegistryPlace place = parse_registry(options.registry);
  if (!options.registry_ca.empty()) {
    std::ifstream file(options.registry_ca);
    place.at.certificates.assign(std::istreambuf_iterator<char>(file), {});
    if (place.at.certificates.find("-----BEGIN CERTIFICATE-----") == std::string::npos)
      throw Error(ErrorKind::usage, "there is no certificate in the registry's " + options.registry_ca);
  }
  return std::make_unique<RegistryClient>(nodes, std::move(place), RegistryLogins(variable));
}

/// Owns the adapters of one run, in the order in which they need each other.
class WiredEngine final : public Engine {
 public:
  WiredEngine(std::shared_ptr<Cluster> cluster, const EngineOptions& options, Observer& observer, const StopToken& stop)
      : cluster_(std::move(cluster)),
        broker_(options.broker, options.label),
        admin_(options.broker, std::chrono::duration_cast<Millis>(options.timeouts.connect)),
        nodes_(node_settings(options, cluster_, &observer)),
        inspector_(nodes_),
        archives_(nodes_),
        direct_(nodes_, addresses_from(cluster_)),
        carrier_(nodes_, direct_, registry_client(nodes_, options.ssh)),
        images_(nodes_),
        processes_(nodes_),
        restores_(nodes_),
        dumps_(nodes_),
        phases_(*cluster_, observer),
        migrator_(ports(), journals_, phases_, options.beside) {
    if (options.connect)
      broker_.server_version(stop.within(std::chrono::duration_cast<Millis>(options.timeouts.connect)));
  }

  Plan plan(const MigrationRequest& request, const StopToken& stop) override { return migrator_.plan(request, stop); }
  Outcome migrate(const MigrationRequest& request, const Provenance& provenance, const StopToken& stop) override {
    phases_.begin(request.ns.empty() ? cluster_->default_namespace() : request.ns, request.pod);
    Outcome outcome = migrator_.migrate(request, provenance, stop);
    phases_.end();
    return counted(std::move(outcome));
  }
  Outcome abort(const std::string& id, const StopToken& stop) override {
    const Renewing renewing(phases_, journals_, id);
    return counted(migrator_.abort(id, stop));
  }
  Outcome resume(const std::string& id, const StopToken& stop) override {
    const Renewing renewing(phases_, journals_, id);
    return counted(migrator_.resume(id, stop));
  }
  std::vector<Outcome> cleanup(const std::string& id, const StopToken& stop) override {
    const Renewing renewing(phases_, journals_, id);
    auto outcomes = migrator_.cleanup(id, stop);
    if (!outcomes.empty()) outcomes.back() = counted(std::move(outcomes.back()));
    return outcomes;
  }
  std::vector<Remnant> find_remnants(const RemnantQuestion& question, const StopToken& stop) override {
    return ms2m::find_remnants(ports(), question, stop);
  }
  std::vector<std::string> program_brought_to() const override { return nodes_.program_brought_to(); }

 private:
  Migrator::Ports ports() {
    return {*cluster_, broker_,    admin_,    nodes_, inspector_, archives_,     carrier_,
            images_,   processes_, restores_, dumps_, carrier_,   offsets_.get()};
  }
  Outcome counted(Outcome outcome) const {
    outcome.nodes = nodes_.usage();
    return outcome;
  }

  std::shared_ptr<Cluster> cluster_;
  RabbitBroker broker_;
  RabbitAdmin admin_;
  SshNodes nodes_;
  SessionInspector inspector_;
  SessionArchives archives_;
  Direct direct_;
  ThroughRegistry carrier_;
  SessionImages images_;
  SessionProcesses processes_;
  SessionRestores restores_;
  SessionDumps dumps_;
  const std::unique_ptr<OffsetCommand> offsets_ = hook::make_shell_offsets();
  LeasePhases phases_;
  const JournalStore journals_{JournalStore::default_root()};
  Migrator migrator_;
};

/// The sessions, and the port over them.
class WiredSetup final : public NodeSetup {
 public:
  explicit WiredSetup(NodeSettings settings) : nodes_(std::move(settings)), setup_(nodes_) {}
  NodeSetupPlan look(const std::string& node, SetupWay way, const StopToken& stop) override {
    return setup_.look(node, way, stop);
  }
  void apply(const std::string& node, SetupWay way, const NodeSetupPlan& plan, const StopToken& stop) override {
    setup_.apply(node, way, plan, stop);
  }
  void restart_runtime(const std::string& node, const StopToken& stop) override { setup_.restart_runtime(node, stop); }

 private:
  SshNodes nodes_;
  SessionSetup setup_;
};

class Wiring final : public Backend {
 public:
  std::shared_ptr<Cluster> cluster(const KubeOptions& options, const StopToken& stop) override {
    KubeAccess access = access_of(options);
    KubeletOptions kubelet;
    kubelet.path = options.kubelet;
    auto cluster = std::make_shared<KubeCluster>(std::move(access), kubelet);
    cluster->log_in(stop);
    return cluster;
  }

  std::vector<std::string> namespaces(const KubeOptions& options, const StopToken& stop) override {
    return KubeCluster(access_of(options)).namespaces(stop);
  }

  std::vector<std::string> contexts(const std::string& kubeconfig) const override {
    return kube_contexts(source_of(kubeconfig, ""));
  }

  std::unique_ptr<EntryWatch> entry_watch(const Environment& environment, const StopToken& stop) const override {
    return fault_point([&environment](const char* name) { return environment.get(name); }, stop);
  }

  std::unique_ptr<Engine> engine(std::shared_ptr<Cluster> cluster, const EngineOptions& options, Observer& observer,
                                 const StopToken& stop) override {
    return std::make_unique<WiredEngine>(std::move(cluster), options, observer, stop);
  }

  bool forget_node_program(std::shared_ptr<Cluster> cluster, const SshOptions& ssh, const std::string& node,
                           const StopToken& stop) override {
    EngineOptions options;
    options.ssh = ssh;
    SshNodes nodes(node_settings(options, std::move(cluster)));
    return nodes.forget_program(node, stop);
  }

  std::unique_ptr<NodeSetup> node_setup(std::shared_ptr<Cluster> cluster, const SshOptions& ssh) override {
    EngineOptions options;
    options.ssh = ssh;
    NodeSettings settings = node_settings(options, cluster);
    settings.places.installed.clear();
    return std::make_unique<WiredSetup>(std::move(settings));
  }

  AgentKeys agent_keys() const override {
    agent::Keys keys = agent::make_keys(kAgentName);
    return {std::move(keys.authority), std::move(keys.certificate), std::move(keys.key), std::move(keys.token)};
  }

  void serve_agent(const AgentServing& serving, const std::function<void(const std::string&)>& log,
                   const StopToken& stop) override {
    const auto program = node::NodeProgram::embedded();
    agent::ServerSettings settings;
    settings.address = serving.address;
    settings.port = serving.port;
    settings.keys = serving.keys;
    settings.node = serving.node;
    settings.build = program.build();
    settings.machine = program.machine();
    agent::Server server(std::move(settings), agent::program_in_host(program.bytes()), log);
    log("serving on port " + std::to_string(server.bind()));
    server.run(stop);
  }

  std::unique_ptr<NodeSetup> own_node_setup(const std::string& runtime) override {
    NodeSettings settings;
    settings.runtimes = [runtime](const std::string&, const StopToken&) { return runtime; };
    settings.open_line = [](const std::string& node, Millis, const StopToken& stop) {
      return node::open_local_link(node, node::NodeProgram::embedded(), stop);
    };
    return std::make_unique<WiredSetup>(std::move(settings));
  }

  BrokerAddress parse_broker_uri(std::string_view uri) const override { return ms2m::parse_broker_uri(uri); }
  std::vector<JournalSummary> journals() const override { return store().list(); }
  std::optional<JournalSummary> journal(const std::string& id) const override { return store().find(id); }
  void forget_journal(const std::string& id) const override { store().forget(id); }
  std::vector<std::string> prune_journals(const JournalLimits& limits) const override {
    return ms2m::prune_journals(store(), limits, now_rfc3339());
  }
  std::optional<Standing> standing(const std::string& id) const override {
    try {
      return standing_of(JournalStore::default_root(), id);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::not_found) return std::nullopt;
      throw;
    }
  }
  std::optional<Json> outcome(const std::string& id) const override {
    return kept_outcome(JournalStore::default_root(), id);
  }
  void keep_outcome(const std::string& id, const Json& outcome) const override {
    ms2m::keep_outcome(JournalStore::default_root(), id, outcome);
  }
  std::unique_ptr<Observer> tell(const Telling& telling, Observer& inner) const override {
    return live::make_server(live_sockets(), {telling.command, telling.migration, telling.pod, telling.dials}, inner);
  }
  std::unique_ptr<Hooks> hooks(Observer& observer) const override { return hook::make_shell_hooks(observer); }
  std::vector<std::unique_ptr<Listener>> listen() const override { return live::listen_to_all(live_sockets()); }
  std::string_view node_program() const override { return node::NodeProgram::embedded().bytes(); }

 private:
  static std::filesystem::path live_sockets() { return JournalStore::default_root() / ".live"; }
  static JournalStore store() { return JournalStore(JournalStore::default_root()); }
};

}  // namespace

std::unique_ptr<Backend> make_backend() { return std::make_unique<Wiring>(); }

void leave_at_once() noexcept { hook::end_running(); }

}  // namespace ms2m::cli
