// The stand-in for dumps by a node's own runtime: they go with their session, and are carried like an archive.
#include "ms2m/error.hpp"
#include "support/catch.hpp"
#include "support/fake_broker.hpp"
#include "support/fake_cluster.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

struct Dumping {
  FakeServer server;
  FakeNodes nodes{server};
  FakeBroker broker{server};
  FakePorts ports{nodes, broker};
  std::string container;
  Dumping() {
    server.declare("app.events");
    nodes.start_pod("consumer-0", "app.events", "");
    const Json pod = *ports.cluster.get({Kind::pod, "default", "consumer-0"}, {});
    container = pod.at("status").at("containerStatuses")[0].at("containerID");
  }
  DumpResult take(const std::string& node = "worker-1") { return ports.dumps.take(node, "m1", container, {}); }
  MoveResult move() {
    return ports.sessions.move({"worker-1", RuntimeDump{"m1"}, "worker-2", "/var/lib/ms2m/m1"}, {}, {});
  }
  static ErrorKind refusal(const std::function<void()>& act) {
    try {
      act();
    } catch (const Error& error) {
      return error.kind();
    }
    return {};
  }
};

}  // namespace

TEST_CASE("a dump is there until it is removed, or its session ends", "[fakes]") {
  Dumping world;
  CHECK(world.refusal([&] { world.take("worker-2"); }) == ErrorKind::not_found);
  CHECK(world.refusal([&] { world.move(); }) == ErrorKind::not_found);
  const DumpResult taken = world.take();
  CHECK(world.refusal([&] { world.take(); }) == ErrorKind::conflict);
  CHECK(world.nodes.debris() == std::vector<std::string>{"dump m1 on worker-1"});
  CHECK(world.move().bytes == taken.bytes);
  CHECK(world.ports.dumps.remove("worker-1", "m1", {}));
  CHECK_FALSE(world.ports.dumps.remove("worker-1", "m1", {}));
  world.take();
  world.nodes.end_sessions();
  CHECK(world.refusal([&] { world.move(); }) == ErrorKind::not_found);
}
