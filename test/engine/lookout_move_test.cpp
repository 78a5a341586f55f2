// While nobody works on the queue, somebody who is waited for falls silent: the source is at work again before he
// answers, and the undo is finished when he does. Who is not needed is not missed.
#include <atomic>
#include <thread>

#include "engine/on_fakes.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Matchers::Contains;

namespace {

constexpr Millis kPatience{2500};

/// In front of the cluster; what it swallows is answered when it is over.
class Mute final : public FakeCluster {
 public:
  using FakeCluster::FakeCluster;
  std::atomic<bool> api_server{false}, kubelets{false};
  std::atomic<bool> busy{false};  ///< everything but the question whether it answers takes long

  std::optional<bool> answers(const StopToken& stop) override {
    while (api_server) stop.sleep(Millis{5}, "waiting for the API server");
    return true;
  }
  std::optional<bool> kubelet_answers(const std::string& node, const StopToken& stop) override {
    answers(stop);
    while (kubelets) stop.sleep(Millis{5}, "waiting for the kubelet");
    return FakeCluster::kubelet_answers(node, stop);
  }
  std::optional<Json> get(const ObjectRef& ref, const StopToken& stop) override {
    wait(stop);
    return FakeCluster::get(ref, stop);
  }
  Json create(const ObjectRef& ref, const Json& object, const CreateOptions& options, const StopToken& stop) override {
    wait(stop);
    return FakeCluster::create(ref, object, options, stop);
  }
  /// A kubelet that is gone does not see that its pod has changed.
  Json patch(const ObjectRef& ref, PatchType type, const Json& patch, const StopToken& stop) override {
    wait(stop);
    if (kubelets && ref.kind == Kind::pod) return *FakeCluster::get(ref, stop);
    return FakeCluster::patch(ref, type, patch, stop);
  }
  bool remove(const ObjectRef& ref, const DeleteOptions& options, const StopToken& stop) override {
    wait(stop);
    return FakeCluster::remove(ref, options, stop);
  }
  void watch(const ObjectRef& ref, const std::function<bool(const Json*)>& done, const StopToken& stop) override {
    answers(stop);
    for (; kubelets; stop.sleep(Millis{20}, "watching")) {  // nothing changes meanwhile
      const auto now = FakeCluster::get(ref, stop);
      if (done(now ? &*now : nullptr)) return;
    }
    FakeCluster::watch(ref, done, stop);
  }
  CheckpointArchive checkpoint(const std::string& node, const std::string& ns, const std::string& pod,
                               const std::string& container, const StopToken& stop) override {
    while (kubelets) stop.sleep(Millis{5}, "waiting for the kubelet");
    wait(stop);
    return FakeCluster::checkpoint(node, ns, pod, container, stop);
  }

 private:
  void wait(const StopToken& stop) {
    answers(stop);
    if (busy.exchange(false)) stop.sleep(kPatience * 3 / 2, "waiting for a busy API server");
  }
};

struct Watched : OnFakes {
  /// `act`: on each call of whatever port.
  void run(const std::function<void(const std::string& call, bool before)>& act) {
    request.dead_man = 2 * kPatience;
    server.set_hook(act);
    nodes.hook = act;
    for (int i = 0; i < 20; ++i) server.publish(request.queue, std::to_string(i));
    FakeBroker broker(server);
    FakePorts fakes(nodes, broker);
    const Migrator::Ports& all = fakes.all;
    const Migrator::Ports ports{cluster,     all.broker, all.admin,     all.nodes,    all.inspector, all.archives,
                                all.carrier, all.images, all.processes, all.restores, all.dumps,     all.registry};
    outcome = Migrator(ports, JournalStore(root), warnings).migrate(request, {}, {});
  }
  Mute cluster{nodes};
  std::atomic<bool> told{false};
};

/// One falls silent before that call, and answers again when the source is at work.
struct Silenced : Watched {
  Silenced(const std::string& before_call, std::atomic<bool> Mute::*whom, bool handler = false) {
    if (handler) nodes.set_up_handler();
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
    run([&](const std::string& call, bool before) {
      if (!before || !call.starts_with(before_call) || told.exchange(true)) return;
      (cluster.*whom) = true;
    });
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
  std::atomic<bool> served_meanwhile{false};
};

}  // namespace

TEST_CASE("an API server that falls silent while nobody works: the source is at work before it answers") {
  const std::string at = GENERATE("move", "import");
  Silenced(at, &Mute::api_server).check("the API server");
}

TEST_CASE("the same in the checkpoint, and in the restore by the handler, when the pivot needs it") {
  Silenced("checkpoint", &Mute::api_server).check("the API server");
  Silenced("ready restore", &Mute::api_server, true).check("the API server");
}

TEST_CASE("the target's kubelet is gone in the restore: the source is at work before it is back") {
  Silenced("import", &Mute::kubelets).check("the kubelet of worker-2");
}

TEST_CASE("both are silent for longer than that while the data flows: nobody needs them") {
  Watched moved;
  moved.run([&](const std::string& call, bool before) {
    if (!before || call != "move" || moved.told.exchange(true)) return;
    moved.cluster.api_server = moved.cluster.kubelets = true;
    std::this_thread::sleep_for(kPatience * 3 / 2);
    moved.cluster.api_server = moved.cluster.kubelets = false;
  });
  INFO(moved.outcome.error);
  CHECK(moved.told);
  CHECK(moved.outcome.result == Result::done);
}

TEST_CASE("kubelets that are silent from the checkpoint on are not missed by the runtime handler's way") {
  Watched moved;
  moved.nodes.set_up_handler();
  moved.run([&](const std::string& call, bool before) {
    if (!before) return;
    if (call == "move" && !moved.told.exchange(true)) moved.cluster.kubelets = true;
    if (call.starts_with("ready restore")) std::this_thread::sleep_for(kPatience * 3 / 2);
    if (call.starts_with("pivot")) moved.cluster.kubelets = false;
  });
  INFO(moved.outcome.error);
  CHECK(moved.told);
  CHECK(moved.outcome.result == Result::done);
}

TEST_CASE("an API server that has much to do is waited for") {
  Watched moved;
  moved.run([&](const std::string& call, bool before) {
    if (before && call == "move" && !moved.told.exchange(true)) moved.cluster.busy = true;
  });
  INFO(moved.outcome.error);
  CHECK(moved.told);
  CHECK_FALSE(moved.cluster.busy);
  CHECK(moved.outcome.result == Result::done);
}

TEST_CASE("an API server that is silent while the source still serves ends nothing") {
  Watched moved;
  moved.run([&](const std::string& call, bool before) {
    // The last thing that is asked before the source is made quiet.
    if (!before || !call.starts_with("patch ms2m-") || moved.told.exchange(true)) return;
    moved.cluster.api_server = true;
    std::this_thread::sleep_for(kPatience * 3 / 2);
    moved.cluster.api_server = false;
  });
  INFO(moved.outcome.error);
  CHECK(moved.told);
  CHECK(moved.outcome.result == Result::done);
}
