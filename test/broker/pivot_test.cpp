// The pivot against a switch that fires early, late, and at the very moment; and with the connection cut inside.
#include "broker/cut_proxy.hpp"
#include "broker/harness.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

constexpr const char* kEnd = R"({"type":"END_REPLAY"})";

struct Scene {
  explicit Scene(Millis ttl) {
    spec = DeadManSpec{unique("deadman"), unique("source"), kEnd, ttl};
    for (const auto& each : {spec.control_queue, target, marker}) client.declare(each);
  }
  ~Scene() {
    for (const auto& each : {spec.control_queue, target, marker, spec.queue})
      client.connection().delete_queue(each, limit());
  }
  std::vector<Outgoing> orders() const { return {message("", target, kEnd), message("", marker, "{}")}; }
  PivotResult pivot(RabbitBroker& broker) { return broker.pivot(spec.queue, orders(), limit()); }
  bool at_source() { return client.count(spec.control_queue).messages > 0; }
  bool at_target() { return client.count(target).messages > 0; }
  bool marked() { return client.count(marker).messages > 0; }
  Client client;
  std::string target = unique("target"), marker = unique("marker");
  DeadManSpec spec;
};

}  // namespace

TEST_CASE("a pivot in time takes the switch away and gives both orders") {
  Scene scene(Millis{4000});
  RabbitBroker broker(address(), "p", limit());
  auto dead_man = broker.arm(scene.spec, limit());
  dead_man->stop_renewing();
  CHECK(scene.pivot(broker) == PivotResult::done);
  CHECK(scene.at_target());
  CHECK(scene.marked());
  StopToken{}.sleep(Millis{4200}, "");
  CHECK_FALSE(scene.at_source());
  CHECK(scene.pivot(broker) == PivotResult::fired);
  CHECK(scene.client.count(scene.target).messages == 1);
}

TEST_CASE("a pivot from another process that did not arm the switch") {
  Scene scene(Millis{60000});
  RabbitBroker first(address(), "p", limit());
  first.arm(scene.spec, limit())->stop_renewing();
  RabbitBroker second(address(), "p", limit());
  CHECK(scene.pivot(second) == PivotResult::done);
}

TEST_CASE("a pivot that comes too late publishes nothing") {
  Scene scene(Millis{200});
  RabbitBroker broker(address(), "p", limit());
  auto dead_man = broker.arm(scene.spec, limit());
  dead_man->stop_renewing();
  eventually([&] { return scene.at_source(); });
  CHECK(scene.pivot(broker) == PivotResult::fired);
  CHECK_FALSE(scene.at_target());
  CHECK_FALSE(scene.marked());
}

TEST_CASE("a pivot without a switch, without a target") {
  Scene scene(Millis{60000});
  RabbitBroker broker(address(), "p", limit());
  CHECK(scene.pivot(broker) == PivotResult::fired);
  auto dead_man = broker.arm(scene.spec, limit());
  dead_man->stop_renewing();
  scene.client.connection().delete_queue(scene.marker, limit());
  try {
    scene.pivot(broker);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::not_found);
  }
  CHECK_FALSE(scene.at_target());
  CHECK(scene.client.count(scene.spec.queue).messages == 1);
  scene.client.declare(scene.marker);
  CHECK(scene.pivot(broker) == PivotResult::done);
}

TEST_CASE("an order that no queue takes: the switch is set again") {
  Scene scene(Millis{4000});
  RabbitBroker broker(address(), "p", limit());
  auto dead_man = broker.arm(scene.spec, limit());
  dead_man->stop_renewing();
  const auto nowhere = unique("nowhere");
  broker.declare_fanout(nowhere, limit());
  CHECK_THROWS_AS(broker.pivot(scene.spec.queue, {message(nowhere, "", kEnd)}, limit()), Error);
  CHECK(scene.client.count(scene.spec.queue).messages == 1);
  CHECK_FALSE(scene.at_source());
  eventually([&] { return scene.at_source(); });
  broker.delete_exchange(nowhere, limit());
}

TEST_CASE("at the very moment of firing exactly one side gets the order") {
  RabbitBroker broker(address(), "p", limit());
  int done = 0, fired = 0;
  for (int round = 0; round < 40; ++round) {
    Scene scene(Millis{60});
    auto dead_man = broker.arm(scene.spec, limit());
    const auto armed = Clock::now();
    dead_man->stop_renewing();
    // The pivot itself takes some ms, which it begins with looking at the queues: around the 60th.
    const auto at = armed + Millis{42} + std::chrono::microseconds{500 * round};
    while (Clock::now() < at) {
    }
    // Another process's pivot: one that knows the switch only from the queue.
    RabbitBroker& by = broker;
    const auto result = scene.pivot(by);
    eventually([&] { return scene.at_source() || scene.at_target(); });
    StopToken{}.sleep(Millis{40}, "");  // time for the other, if that should come, too
    CHECK(scene.at_source() != scene.at_target());
    CHECK(scene.at_target() == scene.marked());
    CHECK(scene.at_target() == (result == PivotResult::done));
    ++(result == PivotResult::done ? done : fired);
  }
  WARN(done << " pivots were in time, " << fired << " too late");
  CHECK(done + fired == 40);
}

TEST_CASE("a pivot that is killed or cut at a random instant leaves exactly one side with the order") {
  int to_source = 0, to_target = 0;
  for (int round = 0; round < 40; ++round) {
    Scene scene(Millis{120});
    RabbitBroker(address(), "p", limit()).arm(scene.spec, limit())->stop_renewing();
    CutProxy proxy(5672);
    auto through = address();
    through.port = proxy.port();
    RabbitBroker broker(through, "p", limit());
    std::thread cutter([&] {
      StopToken{}.sleep(std::chrono::microseconds{250 * round}, "");
      proxy.refuse(true);
      proxy.cut();
    });
    bool unknown = false;
    PivotResult result = PivotResult::fired;
    try {
      result = broker.pivot(scene.spec.queue, scene.orders(), limit(Millis{300}));
    } catch (const Error& error) {
      CHECK((error.kind() == ErrorKind::unavailable || error.kind() == ErrorKind::timeout));
      unknown = true;
    }
    cutter.join();
    eventually([&] { return scene.at_source() || scene.at_target(); });
    StopToken{}.sleep(Millis{60}, "");
    CHECK(scene.at_source() != scene.at_target());
    CHECK(scene.at_target() == scene.marked());
    if (!unknown) CHECK(scene.at_target() == (result == PivotResult::done));
    ++(scene.at_target() ? to_target : to_source);
  }
  WARN(to_source << " went to the source, " << to_target << " to the target");
}
