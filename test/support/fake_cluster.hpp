// A cluster, two nodes and their image stores in memory, around a FakeServer: for the fault sweep of the migration
// layer. Pods run SimConsumers; a checkpoint copies one, a restore starts one from it. Behaves as kube-facts.md says
// where the migration looks: a waiting pod and its kick, deletion, ReplicaSet adoption by deletion cost, StatefulSet
// orphans and adoption; and, for a pod that names a restore, what the runtime handler does at `create` (restore/state).
#pragma once
#include <fmt/format.h>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "ms2m/cluster.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/node.hpp"
#include "node/restore/record.hpp"
#include "support/fake_broker.hpp"

namespace ms2m::test {

/// Of every archive that is moved.
inline constexpr const char* kFakeDigest = "digest";

/// The world outside ms2m: it survives the end of a process.
class FakeNodes {
 public:
  explicit FakeNodes(FakeServer& broker);

  /// A running pod of the base image on worker-1, consuming `queue`. `owner`: "", "ReplicaSet" or "StatefulSet".
  void start_pod(const std::string& name, const std::string& queue, const std::string& owner,
                 ConsumerOptions options = {});

  /// Everything that ms2m could leave behind, one line each: pods beside the one survivor, archives, layouts, dumps,
  /// images, leases.
  std::vector<std::string> debris() const;
  std::vector<std::string> pods() const;  ///< name@node
  const SimConsumer* consumer_of(const std::string& pod) const;
  std::string survivor() const;  ///< the only pod's name; "" unless there is exactly one
  bool set_is_whole() const;     ///< it exists, has its replica, and owns it
  // Of pre-copies.
  void forget_rounds() { forgets_rounds_ = true; }
  void change_all_memory() { memory_shrinks_ = false; }
  void misunderstand_memory() { understands_memory_ = false; }
  /// The pages of a copy that runs already come only when `may` is true, which is asked again and again.
  void pages_come_when(std::function<bool()> may) { pages_may_ = std::move(may); }
  /// Then they come no more, and what runs is killed; without that, before anything does.
  void lose_pages() { loses_pages_ = true; }
  void fail_restore_on(const std::string& node) { failing_node_ = node; }
  /// A restored process runs there for a moment, ends, and is started again and again.
  void end_restored_on(const std::string& node) { ending_node_ = node; }
  /// They have the directories of pods that are gone for so many more sweeps of restores.
  void keep_directories(int sweeps) { kept_directories_ = sweeps; }
  /// The kubelets wait no longer for a `create` that waits for its data, and say so of the pod until it is created:
  /// CreateContainerError with CRI-O, RunContainerError with containerd.
  void give_up_creates(const std::string& reason) { impatient_ = reason; }
  /// What was prepared and not used is void by now.
  void expire_restores();
  /// A restored process runs there and does nothing.
  void hang_restored_on(const std::string& node) { hanging_node_ = node; }
  /// The kubelet of that node does not tell in a pod's status what it acts on (before Kubernetes 1.34), and waits for
  /// the end of the process, which is frozen.
  void old_kubelet_on(const std::string& node) { silent_node_ = node; }
  /// The kubelet of that node hears nothing of the API server, nor tells it anything; what ends there it starts again.
  void cut_off_kubelet_of(const std::string& node) { cut_off_node_ = node; }
  /// Its readiness probes are not answered there.
  void never_ready_on(const std::string& node) { unready_node_ = node; }
  /// What runs on that node does nothing any more.
  void hang_on(const std::string& node);
  void wake_on(const std::string& node);
  /// The containers of that node end, and their kubelet starts them again, from the image whose name they have.
  void restart_on(const std::string& node);
  /// The containers of that node end, and their kubelet waits before it starts them again; it does so now.
  void end_on(const std::string& node);
  void start_ended_on(const std::string& node);
  /// No process of a container is found on that node.
  void hide_processes_on(const std::string& node) { hidden_node_ = node; }
  /// The registry deletes nothing; it does not let that node in.
  void keep_in_registry() { registry_deletes_ = false; }
  void refuse_registry_to(const std::string& node) { registry_refuses_ = node; }
  /// The nodes do not reach each other; `begun`: only as soon as that has been asked.
  void part_nodes(bool begun = false) { apart_ = true, apart_later_ = begun; }
  /// ms2m's sessions on the nodes end, and with them every freeze, as its terms say.
  void end_sessions();
  /// The same to this process, which has lost them; what is frozen stays so as long as its guard lingers.
  void forget_sessions();
  /// The pod is gone with its process: somebody has deleted it, or its node is.
  void lose_pod(const std::string& name);
  /// Its process has ended for good; the object stays, as of one that was evicted.
  void evict_pod(const std::string& name);
  /// Objects that nothing here acts on; an owner above one that is there; one more volume of a pod.
  void add(Kind kind, const Json& object);
  void own(Kind kind, const std::string& name, const char* owner_kind, const std::string& owner);
  void mount(const std::string& pod, const Json& volume);
  /// What was asked of the API server: "get pods".
  std::set<std::string> asked() const;
  /// Somebody else has taken the lease over; nobody has it any more with an empty holder.
  void hold_lease(const std::string& name, const std::string& holder);
  /// The kubelet looks at its waiting pods whenever an image gets a name, without a kick: real ones do so once in a
  /// while.
  void set_eager_kubelet() { eager_ = true; }
  /// Both nodes have ms2m's runtime handler, and the cluster its RuntimeClass.
  void set_up_handler();
  /// The pages that were kept back came by it, in the end.
  std::optional<Bytes> pages_per_second() const { return pages_per_second_; }
  /// Where the kubelets have their directories.
  void set_kubelet_root(const std::string& root) { kubelet_root_ = root; }
  /// An archive of that container, asked for by somebody else so many seconds from now; its path.
  std::string make_archive(const std::string& node, const std::string& pod, int seconds);
  std::vector<std::string> archives(const std::string& node) const;
  std::vector<std::string> image_names(const std::string& node) const;  ///< sorted
  /// Of the base image, or of a checkpoint that some migration has brought.
  void name_image(const std::string& node, const std::string& name, bool checkpoint);
  /// Somebody asks for another number of pods of "rs/web-1" or "sts/consumer"; its controller makes none here.
  void scale(const std::string& workload, int replicas);
  /// What mutating admission does with every pod that is created, dry runs included.
  std::function<void(Json& pod)> admission;

  std::function<void(const std::string& call, bool before)>
      hook;  ///< as FakeServer::set_hook, for every port call here

 private:
  friend class FakeCluster;
  friend class FakeSessions;
  friend class FakeStore;
  friend class FakeProcesses;
  friend class FakeRestores;
  friend class FakeDumps;
  friend class FakeOffsets;
  friend class FakeRegistry;
  struct Image {
    std::string id;
    std::optional<ConsumerImage> checkpoint;
    std::string user;
  };
  struct Restore {
    node::Record record;
    std::optional<ConsumerImage> data;
    bool waiting = false, underway = false;
    unsigned rounds = 0;  ///< of memory, carried before
    bool lacks_pages = false, fed = false;
    bool follows = false;  ///< its memory: it runs already
    bool lost = false;     ///< it ends before it is restored
    RestoreStatus status() const;
  };
  struct Node {
    std::map<std::string, std::string> names;  ///< image name -> id
    std::map<std::string, Image> images;
    std::map<std::string, ConsumerImage> archives, layouts, dumps;
    std::map<std::string, Restore> restores;
    std::map<std::string, std::string> served;  ///< dump with pages kept back -> container, which stands still
  };
  /// Between two hooks, under the lock.
  template <typename Act>
  auto act(const std::string& name, Act act) {
    if (hook) hook(name, true);
    auto result = [&] {
      const std::lock_guard lock(mutex_);
      return act();
    }();
    if (hook) hook(name, false);
    return result;
  }
  void sync(const std::string& pod);
  void set_container(const std::string& pod, Json state, bool ready);
  void run(const std::string& pod, std::unique_ptr<SimConsumer> process, const std::string& container);
  std::string new_container() { return fmt::format("{:064x}", ++serial_); }
  /// `create` of a pod's container by the handler, a step of it at a time. False: the pod names no restore.
  bool handle(const std::string& pod);
  void end_container(const std::string& pod);  ///< and the kubelet looks at it
  bool create_waits(const std::string& pod) const;
  void end_serving(const std::string& node, const std::string& dump);
  void advance_restores();  ///< every pod that names one
  std::vector<std::string> restores_left() const;
  bool on(const std::string& where, const std::string& node) const;  ///< an object is a pod there
  void image_named(const std::string& node);
  bool kubelet_ends(const std::string& pod) const;
  void remove_pod(const std::string& pod);
  void end_pod(const std::string& pod, bool by_force);
  void tick();
  void run_controllers();
  void run_set_controller();
  void observe_set();  ///< its controller sees the set as it is: whenever somebody reads it
  Json& put(Json object, const std::string& kind);
  std::string key(Kind kind, const std::string& name) const;
  void note(std::initializer_list<const char*> verbs, Kind kind);
  void note(const std::string& right);

  mutable std::recursive_mutex mutex_;
  FakeServer& broker_;
  std::set<std::string> asked_;
  std::map<std::string, Json> objects_;  ///< "pod/consumer-0"
  std::map<std::string, std::unique_ptr<SimConsumer>> consumers_;
  std::map<std::string, Node> nodes_;
  std::map<std::string, ConsumerOptions> options_;
  std::map<std::string, std::string> containers_;                     ///< running container's ID -> pod
  std::map<std::string, int> ending_;                                 ///< object that is being deleted -> looks since
  std::set<std::string> forgotten_;                                   ///< of frozen_
  std::map<std::string, AtEnd> frozen_;                               ///< container's ID -> what ends its freeze
  std::vector<std::pair<std::unique_ptr<SimConsumer>, int>> forced_;  ///< processes whose pod was removed by force
  std::string archive_path(const std::string& pod, int seconds) const;
  NodeTools tools_;
  std::string kubelet_root_ = "/var/lib/kubelet";
  bool forgets_rounds_ = false, memory_shrinks_ = true, understands_memory_ = true;
  std::string failing_node_, ending_node_, hanging_node_, unready_node_, queue_, silent_node_, cut_off_node_,
      hidden_node_;
  int kept_directories_ = 0;
  bool apart_ = false, apart_later_ = false;
  std::set<std::string> in_registry_;
  bool registry_deletes_ = true;
  std::string registry_refuses_;
  std::string impatient_;  ///< "": they wait
  bool eager_ = false;
  int serial_ = 0, observed_replicas_ = 0;
  std::optional<Bytes> pages_per_second_;
  std::function<bool()> pages_may_;
  bool loses_pages_ = false;
  void bring_rest_of_memory(const PagesRequest& request, const StopToken& stop);
};

class FakeCluster : public Cluster {
 public:
  explicit FakeCluster(FakeNodes& world) : world_(world) {}
  std::string default_namespace() const override { return "default"; }
  std::string description() const override { return "simulated"; }
  ClusterIdentity identity(const StopToken&) override { return {"simulated", "simulated", "simulated"}; }
  std::optional<bool> answers(const StopToken&) override { return true; }
  std::optional<Json> get(const ObjectRef& ref, const StopToken& stop) override;
  /// By the label of one migration; else there is nothing.
  std::vector<Json> list(Kind kind, const std::string& ns, const std::string& label_selector, const std::string&,
                         const StopToken& stop) override;
  Json create(const ObjectRef& ref, const Json& object, const CreateOptions& options, const StopToken& stop) override;
  Json update(const ObjectRef& ref, const Json& object, const StopToken& stop) override;
  Json patch(const ObjectRef& ref, PatchType type, const Json& patch, const StopToken& stop) override;
  bool remove(const ObjectRef& ref, const DeleteOptions& options, const StopToken& stop) override;
  void watch(const ObjectRef& ref, const std::function<bool(const Json* object)>& done, const StopToken& stop) override;
  bool allowed(const Right&, const StopToken&) override {
    world_.note("create selfsubjectaccessreviews");
    return true;
  }
  std::optional<bool> checkpoint_enabled(const std::string&, const StopToken&) override {
    world_.note("get nodes/proxy");
    return true;
  }
  std::optional<Millis> kubelet_patience(const std::string&, const StopToken&) override {
    world_.note("get nodes/proxy");
    return Millis{120'000};
  }
  std::optional<std::vector<Json>> kubelet_pods(const std::string& node, const StopToken& stop) override;
  std::optional<bool> kubelet_ends(const std::string& node, const std::string& uid, const StopToken& stop) override;
  std::optional<bool> kubelet_answers(const std::string&, const StopToken&) override {
    world_.note("get nodes/proxy");
    return true;
  }
  CheckpointArchive checkpoint(const std::string& node, const std::string& ns, const std::string& pod,
                               const std::string& container, const StopToken& stop) override;

 private:
  FakeNodes& world_;
};

class FakeSessions : public Nodes, public NodeInspector, public CheckpointArchives, public Carrier {
 public:
  explicit FakeSessions(FakeNodes& world) : world_(world) {}
  void open(const std::string&, const StopToken&) override {}
  /// Where its kubelet has its directories, and its clock.
  NodeLook look(const std::string&, const LookAt&, const StopToken&) override;
  NodeTools tools(const std::string&, const std::string&, const StopToken&) override { return world_.tools_; }
  std::vector<ArchiveFile> list(const std::string& node, const ArchivesOf& of, const StopToken& stop) override;
  /// Nothing comes here by itself: at once.
  std::vector<ArchiveFile> list_new(const std::string& node, const ArchivesOf& of, const NewArchive&,
                                    const StopToken& stop) override {
    return list(node, of, stop);
  }
  void wait_complete(const std::string&, const std::string&, const StopToken&) override {}
  bool remove(const std::string& node, const std::string& path, const StopToken& stop) override;
  Landing landing(const std::string& node, const std::string& id, Unpack as = Unpack::layout) const override {
    const std::string directory = "/var/lib/ms2m/" + id;
    return {directory, as == Unpack::restore ? std::vector<Trace>{} : std::vector<Trace>{{node, directory}}};
  }
  std::optional<std::string> obstacle(const std::string& from, const std::string& to, const StopToken& stop) override;
  MoveResult move(const MoveRequest& request, const ProgressFn& progress, const StopToken& stop) override;
  Bytes bring_pages(const PagesRequest& request, const std::function<void()>& open, const ProgressFn& progress,
                    const StopToken& stop) override;

 private:
  FakeNodes& world_;
};

/// Both nodes reach it; what is in it is what moves have left.
class FakeRegistry : public Registry {
 public:
  explicit FakeRegistry(FakeNodes& world) : world_(world) {}
  std::string name(const std::string& id) const override { return "registry.example:5000/ms2m:ms2m-" + id; }
  RegistryLook look(const std::string& node, RegistryUse use, const StopToken& stop) override;
  bool remove(const std::string& node, const std::string& name, const StopToken& stop) override;

 private:
  FakeNodes& world_;
};

class FakeStore : public ImageStore {
 public:
  explicit FakeStore(FakeNodes& world) : world_(world) {}
  std::string probe(const std::string&, const StopToken&) override { return "fake 1"; }
  std::optional<StoredImage> find(const std::string& node, const std::string& name_or_id,
                                  const StopToken& stop) override;
  std::optional<std::vector<StoredImage>> list(const std::string& node, const StopToken& stop) override;
  std::string import_checkpoint(const std::string& node, const CheckpointImage& image, const StopToken& stop) override;
  void point_name(const std::string& node, const std::string& name, const std::string& id,
                  const StopToken& stop) override;
  bool remove_name(const std::string& node, const std::string& name, const StopToken& stop) override;
  bool remove_image(const std::string& node, const std::string& id, const StopToken& stop) override;
  bool remove_layout(const std::string& node, const std::string& directory, const StopToken& stop) override;

 private:
  FakeNodes& world_;
};

class FakeRestores : public NodeRestores {
 public:
  explicit FakeRestores(FakeNodes& world) : world_(world) {}
  void prepare(const std::string& node, const std::string& id, const RestoreTarget& target, Millis wait, Seconds valid,
               const StopToken& stop) override;
  void bind(const std::string& node, const std::string& id, const std::string& uid, const std::string& kubelet_root,
            const StopToken& stop) override;
  void ready(const std::string& node, const std::string& id, const std::string& sha256, const StopToken& stop) override;
  RestoreStatus watch(const std::string& node, const std::string& id, const std::optional<RestoreStatus>& seen,
                      const StopToken& stop) override;
  void done(const std::string& node, const std::string& id, const StopToken& stop) override;
  bool take_back(const std::string& node, const std::string& id, const StopToken& stop) override;
  bool remove_data(const std::string& node, const std::string& id, const StopToken& stop) override;
  std::map<std::string, RestoreStatus> list(const std::string& node, const StopToken& stop) override;
  std::vector<std::string> sweep(const std::string& node, const StopToken& stop) override;

 private:
  FakeNodes::Restore& at(const std::string& node, const std::string& id);
  void become(FakeNodes::Restore& restore, RestoreState state);
  FakeNodes& world_;
};

class FakeDumps : public RuntimeCheckpoints {
 public:
  explicit FakeDumps(FakeNodes& world) : world_(world) {}
  DumpResult take(const std::string& node, const std::string& id, const std::string& container,
                  const StopToken& stop) override;
  DumpResult take_without_pages(const std::string& node, const std::string& id, const std::string& container,
                                Millis limit, const StopToken& stop) override;
  bool remove(const std::string& node, const std::string& id, const StopToken& stop) override;

 private:
  FakeNodes& world_;
};

/// By what a command of the operator's would find in the application's container.
class FakeOffsets : public OffsetCommand {
 public:
  explicit FakeOffsets(FakeNodes& world) : world_(world) {}
  std::int64_t ask(const std::string& command, const OffsetQuestion& question, const StopToken& stop) override;

 private:
  FakeNodes& world_;
};

class FakeProcesses : public ContainerProcess {
 public:
  explicit FakeProcesses(FakeNodes& world) : world_(world) {}
  bool freeze(const std::string& node, const std::string& container, const FreezeTerms& terms,
              const StopToken& stop) override;
  bool holds(const std::string& node, const std::string& container) const override;
  bool thaw(const std::string& node, const std::string& container, const StopToken& stop) override;
  /// While its pod exists, the kubelet starts it again, cold.
  bool kill(const std::string& node, const std::string& container, const StopToken& stop) override;
  void attend_checkpoint(const std::string&, const std::string&, bool, const StopToken&) override {}
  bool mend_checkpoint(const std::string&, const std::string&, const StopToken&) override { return false; }

 private:
  template <typename Act>
  bool act(const std::string& name, const std::string& node, const std::string& container, Act act);
  FakeNodes& world_;
};

/// All ports of a process of ms2m in that world, for a Migrator.
struct FakePorts {
  FakePorts(FakeNodes& nodes, FakeBroker& broker)
      : cluster(nodes),
        sessions(nodes),
        store(nodes),
        processes(nodes),
        restores(nodes),
        dumps(nodes),
        registry(nodes),
        offsets(nodes),
        all{cluster, broker,    broker,   sessions, sessions, sessions, sessions,
            store,   processes, restores, dumps,    registry, &offsets} {}
  FakeCluster cluster;
  FakeSessions sessions;
  FakeStore store;
  FakeProcesses processes;
  FakeRestores restores;
  FakeDumps dumps;
  FakeRegistry registry;
  FakeOffsets offsets;
  Migrator::Ports all;
};

}  // namespace ms2m::test
