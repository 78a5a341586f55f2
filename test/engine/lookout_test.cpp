// While nobody works on the queue, somebody who is waited for falls silent: the source is at work again before he
// answers, and the undo is finished when he does.
#include "engine/lookout.hpp"

#include <atomic>
#include <thread>

#include "engine/on_fakes.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Matchers::Contains;

namespace {

/// In front of the cluster; what it swallows is answered when it is over.
class Mute final : public Cluster {
 public:
  explicit Mute(FakeNodes& nodes) : inner_(nodes) {}
  std::atomic<bool> api_server{false}, kubelets{false};
  std::atomic<int> asked{0};

  std::string default_namespace() const override { return inner_.default_namespace(); }
  std::string description() const override { return inner_.description(); }
  ClusterIdentity identity(const StopToken& stop) override {
    ++asked;
    wait(stop);
    return inner_.identity(stop);
  }
  std::optional<Json> get(const ObjectRef& ref, const StopToken& stop) override {
    wait(stop);
    return inner_.get(ref, stop);
  }
  std::vector<Json> list(Kind kind, const std::string& ns, const std::string& labels, const std::string& fields,
                         const StopToken& stop) override {
    wait(stop);
    return inner_.list(kind, ns, labels, fields, stop);
  }
  Json create(const ObjectRef& ref, const Json& object, const CreateOptions& options, const StopToken& stop) override {
    wait(stop);
    return inner_.create(ref, object, options, stop);
  }
  Json update(const ObjectRef& ref, const Json& object, const StopToken& stop) override {
    wait(stop);
    return inner_.update(ref, object, stop);
  }
  /// A kubelet that is gone does not see that its pod has changed.
  Json patch(const ObjectRef& ref, PatchType type, const Json& patch, const StopToken& stop) override {
    wait(stop);
    if (kubelets && ref.kind == Kind::pod) return *inner_.get(ref, stop);
    return inner_.patch(ref, type, patch, stop);
  }
  bool remove(const ObjectRef& ref, const DeleteOptions& options, const StopToken& stop) override {
    wait(stop);
    return inner_.remove(ref, options, stop);
  }
  void watch(const ObjectRef& ref, const std::function<bool(const Json*)>& done, const StopToken& stop) override {
    wait(stop);
    for (; kubelets; stop.sleep(Millis{20}, "watching")) {  // nothing changes meanwhile
      const auto now = inner_.get(ref, stop);
      if (done(now ? &*now : nullptr)) return;
    }
    inner_.watch(ref, done, stop);
  }
  bool allowed(const Right& right, const StopToken& stop) override { return inner_.allowed(right, stop); }
  std::optional<bool> checkpoint_enabled(const std::string& node, const StopToken& stop) override {
    return inner_.checkpoint_enabled(node, stop);
  }
  std::optional<Millis> kubelet_patience(const std::string& node, const StopToken& stop) override {
    if (kubelets) return std::nullopt;
    return inner_.kubelet_patience(node, stop);
  }
  std::optional<std::vector<Json>> kubelet_pods(const std::string& node, const StopToken& stop) override {
    return inner_.kubelet_pods(node, stop);
  }
  std::optional<bool> kubelet_ends(const std::string& node, const std::string& uid, const StopToken& stop) override {
    return inner_.kubelet_ends(node, uid, stop);
  }
  CheckpointArchive checkpoint(const std::string& node, const std::string& ns, const std::string& pod,
                               const std::string& container, const StopToken& stop) override {
    while (kubelets) stop.sleep(Millis{5}, "waiting for the kubelet");
    wait(stop);
    return inner_.checkpoint(node, ns, pod, container, stop);
  }

 private:
  void wait(const StopToken& stop) const {
    while (api_server) stop.sleep(Millis{5}, "waiting for the API server");
  }
  FakeCluster inner_;
};

/// A move in which one falls silent before that call, and answers again when the source is at work.
struct Silenced : OnFakes {
  explicit Silenced(const std::string& before_call, std::atomic<bool> Mute::*whom, bool handler = false) {
    if (handler) nodes.set_up_handler();
    request.dead_man = Millis{5000};
    const auto hook = [this, before_call, whom](const std::string& call, bool before) {
      if (!before || told || !call.starts_with(before_call)) return;
      told = true;
      (cluster.*whom) = true;
    };
    server.set_hook(hook);
    nodes.hook = hook;
    for (int i = 0; i < 20; ++i) server.publish(request.queue, std::to_string(i));
    FakeBroker broker(server);
    FakePorts fakes(nodes, broker);
    const Migrator::Ports& all = fakes.all;
    const Migrator::Ports ports{cluster,     all.broker, all.admin,     all.nodes,    all.inspector, all.archives,
                                all.carrier, all.images, all.processes, all.restores, all.dumps,     all.registry};
    std::atomic<bool> over{false};
    std::thread looks([&] {
      const TimePoint limit = Clock::now() + std::chrono::seconds(60);
      while (!over && Clock::now() < limit) {
        std::this_thread::sleep_for(Millis{5});
        if (!(cluster.*whom) || server.consumers(request.queue) != std::set<std::string>{"consumer-0"}) continue;
        served_meanwhile = true;
        break;
      }
      (cluster.*whom) = false;
    });
    outcome = Migrator(ports, JournalStore(root), warnings).migrate(request, {}, {});
    over = true;
    looks.join();
  }
  void check(const std::string& who) {
    INFO(outcome.error);
    REQUIRE(told);
    CHECK(served_meanwhile);
    CHECK(outcome.result == Result::undone);
    CHECK_THAT(outcome.error, Contains(who + " has not answered for "));
    CHECK_THAT(outcome.remedy, Contains("run ms2m again"));
    CHECK(outcome.serving.who == ServedBy::source);
    CHECK(outcome.leftovers.empty());
    for (int i = 0; i < 5; ++i) server.settle();
    CHECK(server.consumers(request.queue) == std::set<std::string>{"consumer-0"});
    CHECK(nodes.consumer_of("consumer-0")->applied() == server.published(request.queue));
    CHECK(nodes.debris() == std::vector<std::string>{});
  }
  Mute cluster{nodes};
  std::atomic<bool> told{false}, served_meanwhile{false};
};

}  // namespace

TEST_CASE("an API server that falls silent while nobody works: the source is at work before it answers") {
  const std::string at = GENERATE("move", "import");
  Silenced(at, &Mute::api_server).check("the API server");
}

TEST_CASE("the same in the checkpoint, and in the restore by the handler") {
  Silenced("checkpoint", &Mute::api_server).check("the API server");
  Silenced("ready restore", &Mute::api_server, true).check("the API server");
}

TEST_CASE("the target's kubelet is gone in the restore: the source is at work before it is back") {
  Silenced("import", &Mute::kubelets).check("the kubelet of worker-2");
}

TEST_CASE("whoever is not waited for may be silent; as soon as he is waited for, that has been long enough") {
  OnFakes plain;
  Mute cluster(plain.nodes);
  cluster.api_server = true;
  StopSource stop;
  Lookout lookout(cluster, "worker-1", "worker-2", Millis{300}, stop.token());
  lookout.waits_on(WaitsOn::nodes);
  while (cluster.asked < 2) std::this_thread::sleep_for(Millis{5});
  CHECK_FALSE(lookout.silence());
  CHECK_FALSE(lookout.token().stop_requested());
  // Whoever needs it next has waited long enough.
  lookout.waits_on(WaitsOn::cluster);
  CHECK(lookout.token().stop_requested());
  REQUIRE(lookout.silence());
  CHECK(lookout.silence()->kind() == ErrorKind::unavailable);
  CHECK_FALSE(stop.stop_requested());
}

TEST_CASE("a kubelet that never said anything, which may not be asked, is none that has fallen silent") {
  OnFakes plain;
  Mute cluster(plain.nodes);
  cluster.kubelets = true;
  Lookout lookout(cluster, "worker-1", "worker-2", Millis{100}, {});
  lookout.waits_on(WaitsOn::target_kubelet);
  while (cluster.asked < 3) std::this_thread::sleep_for(Millis{5});
  CHECK_FALSE(lookout.silence());
}

TEST_CASE("the operator's stop passes through at once, and his deadline") {
  OnFakes plain;
  Mute cluster(plain.nodes);
  StopSource stop;
  const TimePoint deadline = Clock::now() + std::chrono::hours(1);
  Lookout lookout(cluster, "worker-1", "worker-2", Millis{2500}, stop.token().until(deadline));
  const StopToken token = lookout.token();
  CHECK(token.deadline() == deadline);
  stop.request_stop();
  CHECK_THROWS_AS(token.sleep(std::chrono::seconds(30), "waiting"), Cancelled);
  CHECK_FALSE(lookout.silence());
}
