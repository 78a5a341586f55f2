// A queue that has no leader says 0,0 (rabbitmq-facts.md section 4): nothing that cannot be taken back follows from one
// such answer.
#include <filesystem>

#include <unistd.h>

#include "handover/waits.hpp"
#include "journal/journal.hpp"
#include "ms2m/error.hpp"
#include "support/catch.hpp"
#include "support/fake_broker.hpp"
#include "support/fake_cluster.hpp"
#include "undo/lost_copy.hpp"
#include "undo/operations.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

constexpr const char* kQueue = "app.events";
constexpr Millis kShort{1500};

struct Scene {
  explicit Scene(const std::string& type) {
    server.declare(kQueue, type);
    consumer = server.start("a", kQueue);
    server.settle();
  }
  StopToken limit(Millis time = std::chrono::seconds(60)) const { return StopToken().within(time); }
  FakeServer server;
  FakeBroker broker{server};
  std::unique_ptr<SimConsumer> consumer;
};

}  // namespace

TEST_CASE("a quorum queue's 0,0 for want of a leader is asked for again") {
  Scene scene("quorum");
  scene.server.lose_leader(kQueue, 3);
  REQUIRE(scene.broker.depth(kQueue, scene.limit())->consumers == 0);  // as one look has it
  CHECK(certain_depth(scene.broker, scene.broker, kQueue, scene.limit(), kShort)->consumers == 1);
}

TEST_CASE("a quorum queue's 0,0 is believed when it lasts, and the management API names nobody") {
  Scene scene("quorum");
  const TimePoint begin = Clock::now();
  SECTION("nobody") {
    scene.consumer->kill();
    CHECK(certain_depth(scene.broker, scene.broker, kQueue, scene.limit(), kShort)->consumers == 0);
  }
  SECTION("somebody, and no leader at all") {
    scene.server.lose_leader(kQueue, 1000000);
    CHECK(certain_depth(scene.broker, scene.broker, kQueue, scene.limit(), kShort)->consumers == 1);
  }
  CHECK(Clock::now() - begin >= kShort);
}

TEST_CASE("what needs no second look has none") {
  SECTION("a classic queue") {
    Scene scene("classic");
    scene.consumer->kill();
    CHECK(certain_depth(scene.broker, scene.broker, kQueue, scene.limit(kShort))->consumers == 0);
  }
  SECTION("an answer that is a leader's") {
    Scene scene("quorum");
    CHECK(certain_depth(scene.broker, scene.broker, kQueue, scene.limit(kShort))->consumers == 1);
  }
  SECTION("a queue that is gone") {
    Scene scene("quorum");
    CHECK_FALSE(certain_depth(scene.broker, scene.broker, "none", scene.limit(kShort)));
    CHECK_THROWS_AS(depth_of(scene.broker, "none", scene.limit(kShort)), Error);
  }
  SECTION("ms2m's own queue, where nobody tells its type") {
    Scene scene("quorum");
    scene.server.declare("ms2m.x.hold");
    scene.server.set_admin_reachable(false);
    CHECK(certain_depth(scene.broker, scene.broker, "ms2m.x.hold", scene.limit(kShort))->consumers == 0);
  }
}

TEST_CASE("a queue whose type cannot be asked is looked at again, and a look that may not last is no answer") {
  Scene scene("classic");
  scene.consumer->kill();
  scene.server.set_admin_reachable(false);
  CHECK_THROWS_AS(certain_depth(scene.broker, scene.broker, kQueue, scene.limit(kShort)), Error);
}

TEST_CASE("a queue is not taken back from a lost copy that the broker still has as its consumer") {
  Scene scene("quorum");
  FakeNodes nodes(scene.server);
  const FakePorts fakes(nodes, scene.broker);
  const Migrator::Ports& ports = fakes.all;
  const auto root = std::filesystem::temp_directory_path() / ("ms2m-second-look-" + std::to_string(::getpid()));
  Journal journal = Journal::create(root, "abcdef", Json::object());
  journal.effect(Phase::checkpointing, "make the source quiet",
                 op::ResumeSource{"default", "source", "u", "ms2m.control.source", kQueue, "ms2m.x.hold", "", 0}, {});
  journal.effect(Phase::finalizing, "delete the source pod", {},
                 op::RetirePod{"default", "source", "u", "copy", "ms2m.x.hold"});
  scene.server.lose_leader(kQueue, 3);
  CHECK_THROWS_AS(must_take_back(ports, journal, scene.limit(kShort)), Error);
  std::filesystem::remove_all(root);
}
