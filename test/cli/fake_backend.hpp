// A world for the command line: one pod, an engine that answers what the test told it, a record of what was asked.
#pragma once
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/backend.hpp"
#include "ms2m/error.hpp"

namespace ms2m::test {

using cli::Backend;
using cli::Engine;
using cli::EngineOptions;
using cli::KubeOptions;

/// Objects by "kind/namespace/name"; get() and list() answer.
class FakeCluster final : public Cluster {
 public:
  std::mutex guard;  ///< of what it is asked
  std::map<std::string, Json> pods, secrets, config_maps;
  std::vector<std::string> reads;
  std::vector<Json> nodes;
  std::string listed_ns;
  std::optional<Error> failure;
  std::optional<Error> forbidden;  ///< of secrets
  std::string absent_node;         ///< every other one is there
  std::optional<Error> node_failure;
  std::set<std::string> asked;  ///< "get nodes": of nodes, pods and the handler's class

  std::string default_namespace() const override { return "default"; }
  std::string description() const override { return "https://fake"; }
  ClusterIdentity cluster{"https://fake", "here", "uid-1"};
  ClusterIdentity identity(const StopToken& stop) override {
    stop.check("asking");
    if (failure) throw *failure;
    return cluster;
  }
  std::optional<Json> get(const ObjectRef& ref, const StopToken& stop) override {
    const std::lock_guard lock(guard);
    stop.check("reading");
    if (failure) throw *failure;
    note("get", ref.kind);
    if (ref.kind == Kind::runtime_class) return runtime_class;
    if (ref.kind == Kind::node && node_failure) throw Error(*node_failure);
    if (ref.kind == Kind::node && ref.name == absent_node) return std::nullopt;
    if (ref.kind == Kind::node)
      for (const Json& node : nodes)
        if (node.at("metadata").at("name") == ref.name) return node;
    if (ref.kind == Kind::node) return Json{{"metadata", {{"name", ref.name}}}};
    if (forbidden && ref.kind == Kind::secret) throw Error(*forbidden);
    const auto& objects = ref.kind == Kind::pod ? pods : ref.kind == Kind::secret ? secrets : config_maps;
    reads.push_back(ref.name);
    const auto found = objects.find(ref.name);
    return found == objects.end() ? std::nullopt : std::optional(found->second);
  }
  /// For completion.
  std::vector<Json> list(Kind kind, const std::string& ns, const std::string&, const std::string&,
                         const StopToken& stop) override {
    const std::lock_guard lock(guard);
    stop.check("listing");
    if (failure) throw *failure;
    listed_ns = ns;
    note("list", kind);
    if (kind == Kind::node) return nodes;
    if (kind == Kind::lease) return leases;
    if (kind == Kind::pod_disruption_budget) return budgets;
    std::vector<Json> all;
    for (const auto& [name, pod] : pods) all.push_back(pod);
    return all;
  }
  std::vector<Json> leases, budgets;
  std::vector<Json> lease_states;     ///< what a watch of one sees; then it is gone
  std::optional<Json> runtime_class;  ///< all that may be changed
  Json create(const ObjectRef& ref, const Json& object, const CreateOptions&, const StopToken& stop) override {
    stop.check("creating");
    note("create", ref.kind);
    if (runtime_class) throw Error(ErrorKind::conflict, "it exists already");
    return write(ref, object);
  }
  Json update(const ObjectRef& ref, const Json& object, const StopToken&) override {
    note("update", ref.kind);
    return write(ref, object);
  }
  Json patch(const ObjectRef& ref, PatchType, const Json& patch, const StopToken&) override {
    if (ref.kind != Kind::node) throw unexpected();
    note("patch", ref.kind);
    if (forbidden_patch) throw Error(*forbidden_patch);
    if (stopped_patch) stopped_patch();
    patched = patch;
    return patch;
  }
  std::function<void()> stopped_patch;  ///< throws
  std::optional<Error> forbidden_patch;
  std::optional<Json> patched;  ///< of a node
  bool remove(const ObjectRef& ref, const DeleteOptions&, const StopToken&) override {
    if (ref.kind != Kind::runtime_class) throw unexpected();
    note("delete", ref.kind);
    return std::exchange(runtime_class, std::nullopt).has_value();
  }
  void watch(const ObjectRef& ref, const std::function<bool(const Json*)>& done, const StopToken&) override {
    if (ref.kind != Kind::lease) throw unexpected();
    for (const Json& state : lease_states)
      if (done(&state)) return;
    CHECK(done(nullptr));
  }
  bool allowed(const Right&, const StopToken&) override { throw unexpected(); }
  std::optional<Millis> kubelet_patience(const std::string&, const StopToken&) override { throw unexpected(); }
  std::optional<bool> answers(const StopToken&) override { throw unexpected(); }
  std::optional<bool> kubelet_answers(const std::string&, const StopToken&) override { throw unexpected(); }
  std::optional<bool> checkpoint_enabled(const std::string&, const StopToken&) override { throw unexpected(); }
  std::optional<std::vector<Json>> kubelet_pods(const std::string&, const StopToken&) override { throw unexpected(); }
  std::optional<bool> kubelet_ends(const std::string&, const std::string&, const StopToken&) override {
    throw unexpected();
  }
  CheckpointArchive checkpoint(const std::string&, const std::string&, const std::string&, const std::string&,
                               const StopToken&) override {
    throw unexpected();
  }

 private:
  void note(const std::string& verb, Kind kind) {
    if (kind == Kind::pod) asked.insert(verb + " pods");
    if (kind == Kind::node) asked.insert(verb + " nodes");
    if (kind == Kind::runtime_class) asked.insert(verb + " runtimeclasses");
  }
  Json write(const ObjectRef& ref, const Json& object) {
    if (ref.kind != Kind::runtime_class) throw unexpected();
    return *(runtime_class = object);
  }
  static std::logic_error unexpected() { return std::logic_error("the command line must not call this"); }
};

struct World {
  std::mutex guard;  ///< of what was asked
  std::shared_ptr<FakeCluster> cluster = std::make_shared<FakeCluster>();
  std::vector<JournalSummary> journals;
  std::vector<std::string> forgotten, brought_to;
  Plan plan;
  Outcome outcome;
  std::optional<Error> engine_failure;
  std::optional<std::string> warned_when_planned;
  std::optional<Error> broker_failure;  ///< of who connects
  // what was asked
  KubeOptions kube;
  EngineOptions engine;
  MigrationRequest request;
  Provenance provenance;
  std::vector<std::string> calls;
  int open = 0, most_open = 0;                           ///< engines
  std::map<std::string, int> plans;                      ///< by pod
  std::map<std::string, Json> kept;                      ///< outcomes
  std::map<std::string, std::vector<Remnant>> remnants;  ///< by migration; of none: those that nobody knows
  std::vector<std::string> known;                        ///< when they were asked for
  std::optional<JournalLimits> limits;                   ///< that old journals were removed by
  bool disk_full = false, journals_stuck = false;
  mutable std::vector<std::string> told;  ///< who would be heard by others
  // Other ms2m on this machine: what each says in turn; null: it does not answer.
  std::map<std::string, Standing> standings;
  std::vector<std::pair<long, std::vector<Json>>> tellers;
  std::function<void()> ended;     ///< when one of them has said all
  mutable std::vector<Json> said;  ///< to one of them
  NodeSetupPlan setup;
  // Instead of the same for all.
  std::function<Plan(const MigrationRequest&)> planned;
  std::function<Outcome(const MigrationRequest&)> migrated;
};

class FakeEngine final : public Engine {
 public:
  /// Under the guard.
  FakeEngine(World& world, Observer& observer) : world_(world), observer_(observer) {
    world_.most_open = std::max(world_.most_open, ++world_.open);
  }
  ~FakeEngine() override {
    const std::lock_guard lock(world_.guard);
    --world_.open;
  }
  FakeEngine(const FakeEngine&) = delete;
  FakeEngine& operator=(const FakeEngine&) = delete;
  Plan plan(const MigrationRequest& request, const StopToken&) override {
    {
      const std::lock_guard lock(world_.guard);
      world_.calls.push_back("plan");
      world_.request = request;
      ++world_.plans[request.pod];
    }
    if (world_.warned_when_planned) {
      Event event;
      event.type = Event::Type::warning;
      event.text = *world_.warned_when_planned;
      observer_.on(event);
    }
    return world_.planned ? world_.planned(request) : world_.plan;
  }
  Outcome migrate(const MigrationRequest& request, const Provenance& provenance, const StopToken&) override {
    {
      const std::lock_guard lock(world_.guard);
      world_.calls.push_back("migrate");
      world_.request = request;
      world_.provenance = provenance;
    }
    return world_.migrated ? world_.migrated(request) : world_.outcome;
  }
  Outcome abort(const std::string& id, const StopToken&) override { return answer("abort " + id); }
  Outcome resume(const std::string& id, const StopToken&) override { return answer("resume " + id); }
  std::vector<Outcome> cleanup(const std::string& id, const StopToken&) override { return {answer("cleanup " + id)}; }
  std::vector<Remnant> find_remnants(const RemnantQuestion& question, const StopToken&) override {
    world_.calls.push_back((question.remove ? "remove remnants of " : "remnants of ") + question.migration);
    world_.known = question.known;
    return world_.remnants[question.migration];
  }
  std::vector<std::string> program_brought_to() const override { return world_.brought_to; }

 private:
  Outcome answer(std::string call) {
    world_.calls.push_back(std::move(call));
    return world_.outcome;
  }
  World& world_;
  Observer& observer_;
};

/// Nodes as World::setup tells; "dark..." does not answer, "stuck..." cannot be changed.
class FakeSetup final : public NodeSetup {
 public:
  explicit FakeSetup(World& world) : world_(world) {}
  NodeSetupPlan look(const std::string& node, SetupWay way, const StopToken&) override {
    world_.calls.push_back(std::string(way == SetupWay::remove ? "look to remove " : "look ") + node);
    if (node.starts_with("dark")) throw Error(ErrorKind::unavailable, "node " + node + " does not answer", "wait");
    return world_.setup;
  }
  void apply(const std::string& node, SetupWay, const NodeSetupPlan&, const StopToken&) override {
    world_.calls.push_back("apply " + node);
    if (node.starts_with("stuck")) throw Error(ErrorKind::failed, "node " + node + ": the disk is full", "free some");
  }
  void restart_runtime(const std::string& node, const StopToken&) override {
    world_.calls.push_back("restart " + node);
  }

 private:
  World& world_;
};

class FakeBackend final : public Backend {
 public:
  explicit FakeBackend(World& world) : world_(world) {}
  std::shared_ptr<Cluster> cluster(const KubeOptions& options, const StopToken&) override {
    const std::lock_guard lock(world_.guard);
    world_.kube = options;
    if (options.context == "nowhere") throw Error(ErrorKind::usage, "the kubeconfig has no context nowhere");
    return world_.cluster;
  }
  std::unique_ptr<Engine> engine(std::shared_ptr<Cluster>, const EngineOptions& options, Observer& observer,
                                 const StopToken&) override {
    const std::lock_guard lock(world_.guard);
    world_.engine = options;
    if (world_.engine_failure) throw *world_.engine_failure;
    if (world_.broker_failure && options.connect) throw *world_.broker_failure;
    return std::make_unique<FakeEngine>(world_, observer);
  }
  std::vector<std::string> namespaces(const KubeOptions& options, const StopToken&) override {
    world_.kube = options;
    return {"default", "kube-system", "shop"};
  }
  std::vector<std::string> contexts(const std::string&) const override { return {"lab", "prod:eu"}; }
  BrokerAddress parse_broker_uri(std::string_view uri) const override { return parse(uri); }
  std::vector<JournalSummary> journals() const override { return world_.journals; }
  std::optional<JournalSummary> journal(const std::string& id) const override {
    for (const auto& journal : world_.journals)
      if (journal.id == id) return journal;
    return std::nullopt;
  }
  std::optional<Standing> standing(const std::string& id) const override {
    const auto found = world_.standings.find(id);
    return found == world_.standings.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<Json> outcome(const std::string& id) const override {
    const auto found = world_.kept.find(id);
    return found == world_.kept.end() ? std::nullopt : std::optional(found->second);
  }
  void keep_outcome(const std::string& id, const Json& outcome) const override {
    const std::lock_guard lock(world_.guard);
    if (world_.disk_full) throw Error(ErrorKind::failed, "the disk is full");
    world_.kept[id] = outcome;
  }
  std::unique_ptr<Observer> tell(const cli::Telling& telling, Observer& inner) const override {
    struct Passing final : Observer {
      explicit Passing(Observer& to) : inner(to) {}
      void on(const Event& event) noexcept override { inner.on(event); }
      Observer& inner;
    };
    const std::lock_guard lock(world_.guard);
    world_.told.push_back(telling.command + " " + telling.migration + telling.pod);
    return std::make_unique<Passing>(inner);
  }
  /// Never run here: the engine would.
  std::unique_ptr<Hooks> hooks(Observer&) const override {
    struct None final : Hooks {
      void run(const Hook&, const Outcome&, const StopToken&) override {}
    };
    return std::make_unique<None>();
  }
  std::vector<std::unique_ptr<Listener>> listen() const override {
    struct Lines final : Listener {
      Lines(long number, std::vector<Json> all, std::function<void()> last)
          : process(number), lines(std::move(all)), ended(std::move(last)) {}
      long pid() const override { return process; }
      std::optional<Json> next(const StopToken&) override {
        if (lines.empty()) {
          if (ended) ended();
          return std::nullopt;
        }
        Json first = lines.front();
        lines.erase(lines.begin());
        if (first.is_null()) throw Error(ErrorKind::timeout, "timed out");  // it is stopped
        return first;
      }
      bool say(const Json& line) override {
        heard->push_back(line);
        return true;
      }
      long process;
      std::vector<Json> lines;
      std::function<void()> ended;
      std::vector<Json>* heard = nullptr;
    };
    std::vector<std::unique_ptr<Listener>> all;
    for (const auto& [pid, lines] : world_.tellers) {
      auto each = std::make_unique<Lines>(pid, lines, world_.ended);
      each->heard = &world_.said;
      all.push_back(std::move(each));
    }
    return all;
  }
  void forget_journal(const std::string& id) const override { world_.forgotten.push_back(id); }
  std::vector<std::string> prune_journals(const JournalLimits& limits) const override {
    if (world_.journals_stuck) throw std::runtime_error("they are stuck");
    world_.limits = limits;
    return {};
  }
  bool forget_node_program(std::shared_ptr<Cluster>, const cli::SshOptions& ssh, const std::string& node,
                           const StopToken&) override {
    world_.engine.ssh = ssh;
    world_.calls.push_back("forget " + node);
    if (node.starts_with("dark")) throw Error(ErrorKind::unavailable, "node " + node + " does not answer", "wait");
    return node != "worker-9";
  }
  std::unique_ptr<NodeSetup> node_setup(std::shared_ptr<Cluster>, const cli::SshOptions& ssh) override {
    world_.engine.ssh = ssh;
    return std::make_unique<FakeSetup>(world_);
  }
  cli::AgentKeys agent_keys() const override { return {"authority", "certificate", "key", "token"}; }
  void serve_agent(const cli::AgentServing& serving, const std::function<void(const std::string&)>& log,
                   const StopToken&) override {
    world_.calls.push_back("serve " + serving.address + ":" + std::to_string(serving.port) + " " + serving.keys + " " +
                           serving.node);
    log("serving");
  }
  std::unique_ptr<NodeSetup> own_node_setup(const std::string& runtime) override {
    world_.calls.push_back("own setup " + runtime);
    return std::make_unique<FakeSetup>(world_);
  }
  std::string_view node_program() const override { return "the program"; }

  /// Just enough of amqp://user:password@host:port.
  static BrokerAddress parse(std::string_view uri) {
    if (uri.substr(0, 7) != "amqp://") throw Error(ErrorKind::usage, "the URI does not begin with amqp://");
    std::string rest(uri.substr(7));
    BrokerAddress address;
    if (const auto at = rest.rfind('@'); at != std::string::npos) {
      const std::string login = rest.substr(0, at);
      rest.erase(0, at + 1);
      address.user = login.substr(0, login.find(':'));
      address.password = login.find(':') == std::string::npos ? "guest" : login.substr(login.find(':') + 1);
    }
    address.host = rest.substr(0, rest.find_first_of(":/"));
    return address;
  }

 private:
  World& world_;
};

}  // namespace ms2m::test
