// Ports whose every answer takes its time, or is an error: what the preflight asks, and nothing else.
#pragma once
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "ms2m/error.hpp"
#include "ms2m/migrator.hpp"

namespace ms2m::test {

/// What the ports have in common. Any thread.
class Answers {
 public:
  Millis delay{0};
  std::map<std::string, Error> failing;  ///< by the question's words
  std::set<std::string> silent;          ///< questions that are never answered

  void answer(const std::string& question, const StopToken& stop) {
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(question);
    }
    if (silent.count(question) > 0) stop.sleep(std::chrono::minutes(1), question);
    if (delay.count() > 0) stop.sleep(delay, "waiting for the answer to " + question);
    stop.check(question);
    if (const auto found = failing.find(question); found != failing.end()) throw Error(found->second);
  }
  std::size_t asked() const {
    const std::lock_guard lock(mutex_);
    return asked_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> asked_;
};

inline std::logic_error unexpected() { return std::logic_error("the preflight must not call this"); }

class SlowCluster final : public Cluster {
 public:
  explicit SlowCluster(Answers& answers) : answers_(answers) {}
  std::map<std::string, Json> objects;  ///< "node worker-1"
  std::vector<std::string> denied;      ///< rights, as to_string(Right) says them

  std::string default_namespace() const override { return "default"; }
  std::string description() const override { return "slow"; }
  ClusterIdentity identity(const StopToken&) override { throw unexpected(); }
  std::optional<Json> get(const ObjectRef& ref, const StopToken& stop) override {
    answers_.answer("get " + to_string(ref), stop);
    const auto found = objects.find(to_string(ref));
    return found == objects.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<Json> list(Kind kind, const std::string&, const std::string&, const std::string&,
                         const StopToken& stop) override {
    answers_.answer(kind == Kind::pod                     ? "list pods"
                    : kind == Kind::pod_disruption_budget ? "list budgets"
                                                          : "list scalers",
                    stop);
    return {};
  }
  bool allowed(const Right& right, const StopToken& stop) override {
    answers_.answer("allowed", stop);
    for (const std::string& each : denied)
      if (each == to_string(right)) return false;
    return true;
  }
  std::optional<bool> checkpoint_enabled(const std::string& node, const StopToken& stop) override {
    answers_.answer("gate " + node, stop);
    return true;
  }
  std::optional<Millis> kubelet_patience(const std::string& node, const StopToken& stop) override {
    answers_.answer("patience " + node, stop);
    return std::nullopt;
  }
  std::optional<bool> answers(const StopToken&) override { throw unexpected(); }
  std::optional<bool> kubelet_answers(const std::string&, const StopToken&) override { throw unexpected(); }
  std::optional<std::vector<Json>> kubelet_pods(const std::string&, const StopToken&) override { throw unexpected(); }
  std::optional<bool> kubelet_ends(const std::string&, const std::string&, const StopToken&) override {
    throw unexpected();
  }
  Json create(const ObjectRef&, const Json&, const CreateOptions&, const StopToken&) override { throw unexpected(); }
  Json update(const ObjectRef&, const Json&, const StopToken&) override { throw unexpected(); }
  Json patch(const ObjectRef&, PatchType, const Json&, const StopToken&) override { throw unexpected(); }
  bool remove(const ObjectRef&, const DeleteOptions&, const StopToken&) override { throw unexpected(); }
  void watch(const ObjectRef&, const std::function<bool(const Json*)>&, const StopToken&) override {
    throw unexpected();
  }
  CheckpointArchive checkpoint(const std::string&, const std::string&, const std::string&, const std::string&,
                               const StopToken&) override {
    throw unexpected();
  }

 private:
  Answers& answers_;
};

/// Not to be used by two threads at a time, as the port says: that is looked at, too.
class SlowBroker final : public Broker {
 public:
  explicit SlowBroker(Answers& answers) : answers_(answers) {}
  std::string server_version(const StopToken& stop) override { return alone("version", stop), "3.10.8"; }
  std::string cluster_name(const StopToken&) override { throw unexpected(); }
  MissingBrokerRights missing_rights(const std::vector<BrokerRight>&, const StopToken& stop) override {
    return alone("broker rights", stop), MissingBrokerRights{};
  }
  std::optional<QueueDepth> depth(const std::string& queue, const StopToken& stop) override {
    alone("depth " + queue, stop);
    return QueueDepth{3, 1};
  }
  void declare_queue(const QueueSpec&, const StopToken&) override { throw unexpected(); }
  bool delete_queue(const std::string&, const StopToken&) override { throw unexpected(); }
  std::uint64_t purge_queue(const std::string&, const StopToken&) override { throw unexpected(); }
  void declare_fanout(const std::string&, const StopToken&) override { throw unexpected(); }
  bool delete_exchange(const std::string&, const StopToken&) override { throw unexpected(); }
  void bind_queue(const std::string&, const std::string&, const std::string&, const StopToken&) override {
    throw unexpected();
  }
  void unbind_queue(const std::string&, const std::string&, const std::string&, const StopToken&) override {
    throw unexpected();
  }
  std::uint64_t give_back(const std::string&, const std::string&, const std::string&, const StopToken&) override {
    throw unexpected();
  }
  void publish(const Outgoing&, const StopToken&) override { throw unexpected(); }
  std::string ask(const std::string&, const std::string&, const StopToken&) override { throw unexpected(); }
  std::unique_ptr<DeadMan> arm(const DeadManSpec&, const StopToken&) override { throw unexpected(); }
  std::unique_ptr<Valve> close_valve(const ValveSpec&, const StopToken&) override { throw unexpected(); }
  std::unique_ptr<Pump> start_pump(const PumpSpec&, const StopToken&) override { throw unexpected(); }
  PivotResult pivot(const std::string&, const std::vector<Outgoing>&, const StopToken&) override { throw unexpected(); }

 private:
  void alone(const std::string& question, const StopToken& stop) {
    if (busy_.exchange(true)) throw std::logic_error("two threads use one connection");
    struct Free {
      std::atomic<bool>& busy;
      ~Free() { busy = false; }
    } const free{busy_};
    answers_.answer(question, stop);
  }
  Answers& answers_;
  std::atomic<bool> busy_{false};
};

class SlowAdmin final : public BrokerAdmin {
 public:
  explicit SlowAdmin(Answers& answers) : answers_(answers) {}
  std::optional<std::string> version(const StopToken& stop) override {
    answers_.answer("management", stop);
    return "3.10.8";
  }
  std::optional<QueueFacts> queue(const std::string&, const StopToken& stop) override {
    answers_.answer("queue", stop);
    return QueueFacts{};
  }
  std::optional<Json> policy_for(const std::string&, const StopToken& stop) override {
    answers_.answer("policies", stop);
    return Json::object();
  }
  std::optional<QueueTotals> totals(const std::string&, const StopToken& stop) override {
    answers_.answer("totals", stop);
    return QueueTotals{3, 0};
  }
  std::vector<std::string> alarms(const StopToken& stop) override {
    return answers_.answer("alarms", stop), std::vector<std::string>{};
  }
  std::optional<std::chrono::seconds> heartbeat(const std::string&, const StopToken&) override { throw unexpected(); }
  std::optional<Json> effective_policy(const std::string&, const StopToken&) override { throw unexpected(); }
  std::optional<std::string> queue_type(const std::string&, const StopToken&) override { throw unexpected(); }
  std::optional<std::string> leader(const std::string&, const StopToken&) override { throw unexpected(); }
  std::vector<QueueBinding> bindings(const std::string&, const StopToken&) override { throw unexpected(); }
  std::vector<std::string> queue_names(const std::string&, const StopToken&) override { throw unexpected(); }
  bool close_connection(const std::string&, const StopToken&) override { throw unexpected(); }

 private:
  Answers& answers_;
};

/// Nothing is asked of it while facts are gathered.
class NoRestores final : public NodeRestores {
 public:
  void prepare(const std::string&, const std::string&, const RestoreTarget&, Millis, Seconds,
               const StopToken&) override {
    throw unexpected();
  }
  void bind(const std::string&, const std::string&, const std::string&, const std::string&, const StopToken&) override {
    throw unexpected();
  }
  void ready(const std::string&, const std::string&, const std::string&, const StopToken&) override {
    throw unexpected();
  }
  RestoreStatus watch(const std::string&, const std::string&, const std::optional<RestoreStatus>&,
                      const StopToken&) override {
    throw unexpected();
  }
  void done(const std::string&, const std::string&, const StopToken&) override { throw unexpected(); }
  bool take_back(const std::string&, const std::string&, const StopToken&) override { throw unexpected(); }
  bool remove_data(const std::string&, const std::string&, const StopToken&) override { throw unexpected(); }
  std::map<std::string, RestoreStatus> list(const std::string&, const StopToken&) override { throw unexpected(); }
  std::vector<std::string> sweep(const std::string&, const StopToken&) override { throw unexpected(); }
};

class NoDumps final : public RuntimeCheckpoints {
 public:
  DumpResult take(const std::string&, const std::string&, const std::string&, const StopToken&) override {
    throw unexpected();
  }
  DumpResult take_without_pages(const std::string&, const std::string&, const std::string&, Millis,
                                const StopToken&) override {
    throw unexpected();
  }
  bool remove(const std::string&, const std::string&, const StopToken&) override { throw unexpected(); }
};

class SlowRegistry final : public Registry {
 public:
  explicit SlowRegistry(Answers& answers) : answers_(answers) {}
  std::string name(const std::string& id) const override { return "registry.example/ms2m:ms2m-" + id; }
  RegistryLook look(const std::string& node, RegistryUse use, const StopToken& stop) override {
    answers_.answer((use == RegistryUse::push ? "push by " : "pull by ") + node, stop);
    return {};
  }
  bool remove(const std::string&, const std::string&, const StopToken&) override { throw unexpected(); }

 private:
  Answers& answers_;
};

class SlowNodes final : public Nodes,
                        public NodeInspector,
                        public CheckpointArchives,
                        public Carrier,
                        public ImageStore,
                        public ContainerProcess {
 public:
  explicit SlowNodes(Answers& answers) : answers_(answers) {}
  NodeLook look(const std::string& node, const LookAt&, const StopToken& stop) override {
    answers_.answer("look " + node, stop);
    NodeLook seen;
    seen.features = {"fpu"};
    seen.shm = Content::empty;
    return seen;
  }
  NodeTools tools(const std::string& node, const std::string&, const StopToken& stop) override {
    answers_.answer("tools " + node, stop);
    return {};
  }
  void open(const std::string& node, const StopToken& stop) override { answers_.answer("open " + node, stop); }
  std::vector<ArchiveFile> list(const std::string& node, const ArchivesOf&, const StopToken& stop) override {
    answers_.answer("archives " + node, stop);
    return {};
  }
  std::vector<ArchiveFile> list_new(const std::string&, const ArchivesOf&, const NewArchive&,
                                    const StopToken&) override {
    throw unexpected();
  }
  std::string probe(const std::string& node, const StopToken& stop) override {
    answers_.answer("probe " + node, stop);
    return "skopeo 1.20.0";
  }
  std::optional<StoredImage> find(const std::string& node, const std::string&, const StopToken& stop) override {
    answers_.answer("find " + node, stop);
    return StoredImage{"abcdef0123456789", {"i"}};
  }
  std::optional<std::vector<StoredImage>> list(const std::string&, const StopToken&) override { throw unexpected(); }
  void wait_complete(const std::string&, const std::string&, const StopToken&) override { throw unexpected(); }
  bool remove(const std::string&, const std::string&, const StopToken&) override { throw unexpected(); }
  Landing landing(const std::string&, const std::string&, Unpack) const override { return {}; }
  std::optional<std::string> obstacle(const std::string& from, const std::string& to, const StopToken& stop) override {
    answers_.answer("obstacle " + from + " " + to, stop);
    return std::nullopt;
  }
  MoveResult move(const MoveRequest&, const ProgressFn&, const StopToken&) override { throw unexpected(); }
  Bytes bring_pages(const PagesRequest&, const std::function<void()>&, const ProgressFn&, const StopToken&) override {
    throw unexpected();
  }
  std::string import_checkpoint(const std::string&, const CheckpointImage&, const StopToken&) override {
    throw unexpected();
  }
  void point_name(const std::string&, const std::string&, const std::string&, const StopToken&) override {
    throw unexpected();
  }
  bool remove_name(const std::string&, const std::string&, const StopToken&) override { throw unexpected(); }
  bool remove_image(const std::string&, const std::string&, const StopToken&) override { throw unexpected(); }
  bool remove_layout(const std::string&, const std::string&, const StopToken&) override { throw unexpected(); }
  bool freeze(const std::string&, const std::string&, const FreezeTerms&, const StopToken&) override {
    throw unexpected();
  }
  bool holds(const std::string&, const std::string&) const override { throw unexpected(); }
  bool thaw(const std::string&, const std::string&, const StopToken&) override { throw unexpected(); }
  bool kill(const std::string&, const std::string&, const StopToken&) override { throw unexpected(); }
  void attend_checkpoint(const std::string&, const std::string&, bool, const StopToken&) override {
    throw unexpected();
  }
  bool mend_checkpoint(const std::string&, const std::string&, const StopToken&) override { throw unexpected(); }

 private:
  Answers& answers_;
};

}  // namespace ms2m::test
