// The dead man's switch on the real broker: renewed, left alone, robbed, cut off, killed.
#include "broker/cut_proxy.hpp"
#include "broker/harness.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

constexpr const char* kEnd = R"({"type":"END_REPLAY"})";

struct Scene {
  explicit Scene(Millis ttl, std::uint16_t port = 5672) {
    auto where = address();
    where.port = port;
    broker = std::make_unique<RabbitBroker>(where, "dm", limit());
    spec = DeadManSpec{unique("deadman"), unique("control"), kEnd, ttl};
    client.declare(spec.control_queue);
  }
  ~Scene() {
    client.connection().delete_queue(spec.queue, limit());
    client.connection().delete_queue(spec.control_queue, limit());
  }
  std::uint64_t fired_messages() { return client.count(spec.control_queue).messages; }
  Client client;
  std::unique_ptr<RabbitBroker> broker;
  DeadManSpec spec;
};

}  // namespace

TEST_CASE("renewed, the dead man's switch never fires; left alone it fires after its time, once") {
  Scene scene(Millis{4000});
  auto dead_man = scene.broker->arm(scene.spec, limit());
  CHECK(scene.client.count(scene.spec.queue).messages <= 1);
  StopToken{}.sleep(Millis{9000}, "");  // the passage of time is what is tested
  CHECK_FALSE(dead_man->fired());
  CHECK(scene.fired_messages() == 0);
  CHECK(dead_man->margin() > Millis{0});
  CHECK(dead_man->margin() < scene.spec.ttl);
  dead_man->stop_renewing();
  dead_man->stop_renewing();
  const auto stopped = Clock::now();
  CHECK(scene.client.count(scene.spec.queue).messages == 1);
  eventually([&] { return scene.fired_messages() == 1; });
  // Not at once, but its time after the last renewal, which was due a sixth of that before.
  CHECK(Clock::now() - stopped > scene.spec.ttl / 4);
  CHECK(Clock::now() - stopped < scene.spec.ttl + Millis{10000});
  eventually([&] { return dead_man->fired(); });
  CHECK(scene.client.drain(scene.spec.control_queue) == std::vector<std::string>{kEnd});
  CHECK(scene.client.count(scene.spec.queue).messages == 0);
}

TEST_CASE("a switch whose control queue is missing cannot be armed") {
  RabbitBroker broker(address(), "dm", limit());
  CHECK_THROWS_AS(broker.arm({unique("deadman"), unique("nowhere"), kEnd, Millis{5000}}, limit()), Error);
}

TEST_CASE("arming again takes the place of what an earlier process left") {
  Scene scene(Millis{5000});
  scene.broker->arm(scene.spec, limit());  // destroyed at once: stays in the queue
  eventually([&] { return scene.client.count(scene.spec.queue).messages == 1; });
  auto second = scene.broker->arm(scene.spec, limit());
  second->stop_renewing();
  CHECK(scene.client.count(scene.spec.queue).messages == 1);
  CHECK_FALSE(second->fired());
}

TEST_CASE("a switch that was robbed, purged or deleted counts as fired") {
  Scene scene(Millis{10000});
  auto dead_man = scene.broker->arm(scene.spec, limit());
  const int how = GENERATE(0, 1, 2);
  if (how == 0) eventually([&] { return !scene.client.drain(scene.spec.queue).empty(); });
  if (how == 1) eventually([&] { return scene.client.connection().purge_queue(scene.spec.queue, limit()) == 1; });
  if (how == 2) scene.client.connection().delete_queue(scene.spec.queue, limit());
  const auto robbed = Clock::now();
  eventually([&] { return dead_man->fired(); });
  CHECK(Clock::now() - robbed < scene.spec.ttl - Millis{1500});  // noticed by the renewal, not by the deadline
  if (how != 2) CHECK(scene.client.count(scene.spec.queue).messages == 0);
}

TEST_CASE("another one's message in the queue counts as fired") {
  Scene scene(Millis{600});
  auto dead_man = scene.broker->arm(scene.spec, limit());
  auto other = scene.broker->arm(scene.spec, limit());  // takes ours away
  eventually([&] { return dead_man->fired(); });
  StopToken{}.sleep(Millis{300}, "");
  // The first one's look takes the other's message out of the queue for a moment. One that renews in that very moment
  // gives up too, which is safe as long as the broker then does fire.
  if (other->fired()) eventually([&] { return scene.fired_messages() > 0; });
}

TEST_CASE("cut connections do not fire the switch") {
  CutProxy proxy(5672);
  Scene scene(Millis{900}, proxy.port());
  auto dead_man = scene.broker->arm(scene.spec, limit());
  for (int i = 0; i < 40; ++i) {
    StopToken{}.sleep(Millis{7 * (i % 11)}, "");
    proxy.cut();
  }
  eventually([&] { return proxy.connections() > 0; });
  StopToken{}.sleep(Millis{1000}, "");
  // Cut just between get and commit it may have to give up: safe, but it must agree with the broker then.
  const bool moved = scene.fired_messages() > 0;  // before it is asked: that may come meanwhile
  if (moved) CHECK(dead_man->fired());
  CHECK(scene.client.count(scene.spec.queue).messages <= 1);
  dead_man->stop_renewing();
}

TEST_CASE("cut off for longer than its time, the switch fires, and says so before the broker acts") {
  CutProxy proxy(5672);
  Scene scene(Millis{600}, proxy.port());
  auto dead_man = scene.broker->arm(scene.spec, limit());
  proxy.refuse(true);
  proxy.cut();
  bool told_first = false;
  eventually([&] {
    const bool fired = dead_man->fired();
    const bool moved = scene.fired_messages() > 0;
    told_first = told_first || (fired && !moved);
    if (moved) CHECK(dead_man->fired());
    return moved;
  });
  proxy.refuse(false);
  CHECK(dead_man->fired());
}

TEST_CASE("a stalled broker: fired() tells by the clock alone, and stop_renewing comes back") {
  CutProxy proxy(5672);
  Scene scene(Millis{800}, proxy.port());
  auto dead_man = scene.broker->arm(scene.spec, limit());
  proxy.stall(true);
  const auto stalled = Clock::now();
  eventually([&] { return dead_man->fired(); });
  CHECK(Clock::now() - stalled < Millis{10000});
  dead_man->stop_renewing();
  CHECK(Clock::now() - stalled < Millis{20000});
}

TEST_CASE("the destructor does not wait for a stalled broker") {
  CutProxy proxy(5672);
  Scene scene(Millis{60000}, proxy.port());
  auto dead_man = scene.broker->arm(scene.spec, limit());
  proxy.stall(true);
  const auto begun = Clock::now();
  dead_man.reset();
  CHECK(Clock::now() - begun < Millis{10000});
}

TEST_CASE("killed at a random instant, the switch fires exactly once") {
  for (int round = 0; round < 6; ++round) {
    Scene scene(Millis{2000});
    {
      ChildProcess child([&] {
        RabbitBroker own(address(), "child", limit());
        const auto dead_man = own.arm(scene.spec, limit());
        StopToken{}.sleep(std::chrono::minutes{1}, "");
      });
      eventually([&] { return scene.client.exists(scene.spec.queue); });
      StopToken{}.sleep(Millis{100 + 73 * round}, "");
      CHECK(scene.fired_messages() == 0);
    }
    eventually([&] { return scene.fired_messages() > 0; });
    StopToken{}.sleep(Millis{100}, "");
    CHECK(scene.fired_messages() == 1);
    CHECK(scene.client.count(scene.spec.queue).messages == 0);
  }
}
