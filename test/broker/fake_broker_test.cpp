// The simulator must behave as the real broker does in everything that a migration relies on.
#include "support/fake_broker.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

constexpr const char* kEnd = R"({"type":"END_REPLAY"})";
std::string start_replay(const std::string& queue) {
  return R"({"type":"START_REPLAY","payload":{"queue":")" + queue + "\"}}";
}
Outgoing to(const std::string& queue, const std::string& body) {
  return Outgoing{"", queue, body, "application/json", ""};
}

struct Scene {
  FakeServer server;
  FakeBroker broker{server};
  StopToken stop;
  std::unique_ptr<SimConsumer> source = server.start("a", "q");
  int next = 0;
  Scene() { server.settle(); }
  void publish(int count) {
    for (int i = 0; i < count; ++i) server.publish("q", std::to_string(++next));
  }
  std::unique_ptr<DeadMan> arm() { return broker.arm({"dm", "ms2m.control.a", kEnd, Millis{15000}}, stop); }
  void quiet() {
    broker.declare_queue({"hold", {}, {}}, stop);
    broker.publish(to("ms2m.control.a", start_replay("hold")), stop);
    REQUIRE(broker.depth("hold", stop)->consumers == 1);
    REQUIRE(broker.depth("q", stop)->consumers == 0);
  }
};

}  // namespace

TEST_CASE("fake: a hand-over by hand is exact") {
  Scene scene;
  scene.publish(10);
  scene.server.settle();
  auto dead_man = scene.arm();
  scene.quiet();
  scene.publish(5);
  const auto image = scene.source->checkpoint();
  auto target = scene.server.restore("b", image);
  CHECK(scene.broker.depth("hold", scene.stop)->consumers == 2);
  dead_man->stop_renewing();
  CHECK(scene.broker.pivot("dm", {to("ms2m.control.b", kEnd)}, scene.stop) == PivotResult::done);
  scene.source->kill();
  scene.publish(5);
  scene.server.settle();
  CHECK(target->applied() == scene.server.published("q"));
  CHECK(scene.broker.pivot("dm", {to("ms2m.control.b", kEnd)}, scene.stop) == PivotResult::fired);
}

TEST_CASE("fake: when the process dies the source goes on after the ttl") {
  Scene scene;
  auto dead_man = scene.arm();
  scene.quiet();
  scene.publish(3);
  scene.server.advance(Millis{60000});
  CHECK_FALSE(dead_man->fired());
  CHECK(scene.source->queue() == "hold");
  scene.broker.crash();
  CHECK_THROWS_AS(scene.broker.depth("q", scene.stop), Crashed);
  scene.server.advance(Millis{14000});
  CHECK(scene.source->queue() == "hold");
  scene.server.advance(Millis{1000});
  CHECK(scene.source->queue() == "q");
  CHECK(scene.source->applied() == scene.server.published("q"));
  CHECK(dead_man->fired());
}

TEST_CASE("fake: the pump relays in order to both, bounded by the window") {
  Scene scene;
  scene.quiet();
  const auto image = scene.source->checkpoint();
  for (const auto* each : {"s", "t"}) scene.broker.declare_queue({each, {}, {}}, scene.stop);
  scene.broker.declare_fanout("tee", scene.stop);
  scene.broker.bind_queue("s", "tee", "", scene.stop);
  scene.broker.bind_queue("t", "tee", "", scene.stop);
  scene.publish(100);
  PumpSpec spec;
  spec.from = "q";
  spec.exchange = "tee";
  spec.follow = "s";
  auto pump = scene.broker.start_pump(spec, scene.stop);
  CHECK(pump->stats().relayed == 64);
  CHECK(scene.server.ready("q").size() == 36);
  scene.broker.publish(to("ms2m.control.a", start_replay("s")), scene.stop);
  scene.server.settle();
  CHECK(pump->stop(scene.stop).relayed == 100);
  auto target = scene.server.restore("b", image);
  scene.broker.publish(to("ms2m.control.b", start_replay("t")), scene.stop);
  scene.server.settle();
  CHECK(scene.source->applied() == scene.server.published("q"));
  CHECK(target->applied() == scene.server.published("q"));
}

TEST_CASE("fake: the valve starves a saturated poller until it looks, and returns what it held in order") {
  Scene scene;
  scene.source->kill();
  ConsumerOptions slow;
  slow.control = ConsumerOptions::Control::polls;
  slow.per_settle = 1;
  slow.prefetch = 5;
  auto poller = scene.server.start("p", "q", slow);
  scene.publish(100);
  scene.server.set_producer([&](FakeServer&) { scene.publish(2); });
  scene.broker.declare_queue({"hold", {}, {}}, scene.stop);
  scene.server.settle();
  scene.broker.publish(to("ms2m.control.p", start_replay("hold")), scene.stop);
  for (int i = 0; i < 20; ++i) scene.server.settle();
  CHECK(poller->queue() == "q");
  auto valve = scene.broker.close_valve({"q", 100000}, scene.stop);
  for (int i = 0; i < 20; ++i) scene.server.settle();
  CHECK(poller->queue() == "hold");
  CHECK(valve->held() > 100);
  scene.server.set_producer({});
  valve->open();
  const auto image = poller->checkpoint();
  poller->kill();
  auto target = scene.server.restore("t", {image.applied, "q", "q"});
  scene.server.settle();
  CHECK(target->applied() == scene.server.published("q"));
}

TEST_CASE("fake: the type of a queue") {
  Scene scene;
  CHECK_FALSE(scene.broker.queue_type("x", scene.stop));
  scene.broker.declare_queue({"x", {}, {}}, scene.stop);
  CHECK(scene.broker.queue_type("x", scene.stop) == "classic");
  scene.server.set_default_type("quorum");
  scene.broker.declare_queue({"y", {}, {}}, scene.stop);
  CHECK(scene.broker.queue_type("y", scene.stop) == "quorum");
  scene.server.set_admin_reachable(false);
  CHECK_THROWS_AS(scene.broker.queue_type("y", scene.stop), Error);
}

TEST_CASE("fake: the hook fails calls before and after their effect") {
  Scene scene;
  scene.server.set_hook([](const std::string& call, bool before) {
    if (call == "declare x" && before) throw Error(ErrorKind::unavailable, "before");
    if (call == "declare y" && !before) throw Error(ErrorKind::unavailable, "after");
  });
  CHECK_THROWS_AS(scene.broker.declare_queue({"x", {}, {}}, scene.stop), Error);
  CHECK_THROWS_AS(scene.broker.declare_queue({"y", {}, {}}, scene.stop), Error);
  scene.server.set_hook({});
  CHECK_FALSE(scene.broker.depth("x", scene.stop));
  CHECK(scene.broker.depth("y", scene.stop));
}
