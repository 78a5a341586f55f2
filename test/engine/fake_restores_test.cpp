// The stand-in for restores on a node obeys the table of states, as the node's program and its runtime handler do.
#include "ms2m/error.hpp"
#include "support/catch.hpp"
#include "support/fake_broker.hpp"
#include "support/fake_cluster.hpp"
#include "undo/restore_operations.hpp"

using namespace ms2m;
using namespace ms2m::test;
using S = RestoreState;

namespace {

const std::string kId = "k3x9qa", kNode = "worker-2";

struct RestoringPod {
  FakeServer server;
  FakeNodes nodes{server};
  FakeBroker broker{server};
  FakePorts ports{nodes, broker};
  ObjectRef copy{Kind::pod, "default", "copy"};

  RestoringPod() {
    server.declare("app.events");
    nodes.start_pod("consumer-0", "app.events", "");
    ports.restores.prepare(kNode, kId, {"default", "copy", "consumer", "base"}, Millis{1000}, Seconds{600}, {});
    ports.cluster.create(
        copy,
        Json::parse(
            R"({"metadata":{"name":"copy","namespace":"default","annotations":{"ms2m.io/restore":"k3x9qa/consumer"}},
      "spec":{"nodeName":"worker-2","containers":[{"name":"consumer","image":"base"}]}})"),
        {}, {});
  }
  RestoreStatus next(const RestoreStatus& seen) { return ports.restores.watch(kNode, kId, seen, {}); }
  Json pod() { return *ports.cluster.get(copy, {}); }
  std::string reason() {
    return pod()
        .at("status")
        .at("containerStatuses")[0]
        .at("state")
        .value("waiting", Json::object())
        .value("reason", "");
  }
  /// All that it waits for.
  void give() {
    ports.restores.bind(kNode, kId, pod().at("metadata").at("uid"), "/var/lib/kubelet", {});
    const std::string archive = nodes.make_archive("worker-1", "consumer-0", 0);
    const Landing landing = ports.sessions.landing(kNode, kId, Unpack::restore);
    CHECK(landing.leaves.empty());
    const auto moved =
        ports.sessions.move({"worker-1", KubeletArchive{archive}, kNode, landing.directory, Unpack::restore}, {}, {});
    ports.restores.ready(kNode, kId, moved.sha256, {});
  }
  ErrorKind refusal(const std::function<void()>& act) {
    try {
      act();
    } catch (const Error& error) {
      return error.kind();
    }
    return {};
  }
};

}  // namespace

TEST_CASE("fake restores: waiting, taken, restored, done, and cold after that", "[fake_restores]") {
  RestoringPod world;
  auto& restores = world.ports.restores;
  RestoreStatus seen = world.next({});
  CHECK(seen.state == S::prepared);
  CHECK(seen.waiting);
  CHECK(world.reason() == "ContainerCreating");
  CHECK(world.refusal([&] { restores.ready(kNode, kId, kFakeDigest, {}); }) == ErrorKind::failed);
  CHECK(world.refusal([&] { restores.done(kNode, kId, {}); }) == ErrorKind::conflict);
  CHECK(world.refusal([&] { restores.remove_data(kNode, kId, {}); }) == ErrorKind::conflict);
  world.give();
  CHECK(world.refusal([&] { restores.bind(kNode, kId, "another", "/var/lib/kubelet", {}); }) == ErrorKind::conflict);
  std::vector<S> states;
  while (states.empty() || states.back() != S::restored) states.push_back((seen = world.next(seen)).state);
  CHECK(states == std::vector{S::taken, S::restored});
  REQUIRE(world.nodes.consumer_of("copy") != nullptr);
  CHECK(world.pod()["status"]["containerStatuses"][0]["containerID"] == "cri-o://" + seen.container_id);

  world.nodes.restart_on(kNode);  // before it is done, nothing starts anew
  CHECK(world.nodes.consumer_of("copy") == nullptr);
  CHECK(world.reason() == "CreateContainerError");
  restores.done(kNode, kId, {});
  CHECK(world.reason().empty());
  REQUIRE(world.nodes.consumer_of("copy") != nullptr);
  CHECK(world.refusal([&] { restores.take_back(kNode, kId, {}); }) == ErrorKind::conflict);
  CHECK(restores.remove_data(kNode, kId, {}));
  CHECK(restores.sweep(kNode, {}).empty());
  world.nodes.lose_pod("copy");
  CHECK(restores.sweep(kNode, {}) == std::vector{kId});
  CHECK(restores.list(kNode, {}).empty());
}

TEST_CASE("fake restores: one that fails is told, and is not begun again", "[fake_restores]") {
  RestoringPod world;
  world.nodes.fail_restore_on(kNode);
  world.give();
  RestoreStatus seen = world.next({});
  while (seen.failure.empty()) seen = world.next(seen);
  CHECK(seen.state == S::taken);
  CHECK(world.reason() == "CreateContainerError");
  CHECK(world.nodes.consumer_of("copy") == nullptr);
  CHECK(world.ports.restores.take_back(kNode, kId, {}));
  CHECK(world.next(seen).state == S::voided);
}

TEST_CASE("what is taken back is forgotten before an undo ends, also where the kubelet takes its time",
          "[fake_restores]") {
  RestoringPod world;
  world.ports.restores.take_back(kNode, kId, {});
  world.nodes.lose_pod("copy");
  world.nodes.keep_directories(3);
  remove_restore(world.ports.all, {kNode, kId}, {});
  CHECK(world.ports.restores.list(kNode, {}).empty());
}

TEST_CASE("what a move has done keeps its mark, and nobody waits for that", "[fake_restores]") {
  RestoringPod world;
  world.give();
  RestoreStatus seen = world.next({});
  while (seen.state != S::restored) seen = world.next(seen);
  world.ports.restores.done(kNode, kId, {});
  const TimePoint begun = Clock::now();
  remove_restore(world.ports.all, {kNode, kId}, {});
  CHECK(Clock::now() - begun < std::chrono::seconds(5));
  CHECK(world.ports.restores.list(kNode, {}).at(kId).state == S::done);
}

TEST_CASE("fake restores: what is taken back runs no more, and is debris until its data has gone", "[fake_restores]") {
  for (const bool before : {true, false}) {
    RestoringPod world;
    world.give();
    RestoreStatus seen = world.next({});
    while (!before && seen.state != S::restored) seen = world.next(seen);
    CHECK(world.ports.restores.take_back(kNode, kId, {}));
    CHECK(world.next(seen).state == S::voided);
    CHECK(world.nodes.consumer_of("copy") == nullptr);
    CHECK(world.reason() == "CreateContainerError");
    CHECK_FALSE(world.nodes.debris().empty());
    CHECK(world.ports.restores.remove_data(kNode, kId, {}));
    world.nodes.lose_pod("copy");
    for (const std::string& path : world.nodes.archives("worker-1")) world.ports.sessions.remove("worker-1", path, {});
    CHECK(world.nodes.debris() == std::vector<std::string>{});
  }
}
