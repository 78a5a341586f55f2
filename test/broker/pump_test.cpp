// The pump on the real broker: exact, in order, with all properties, whatever kills it.
#include "broker/pump.hpp"
#include "broker/cut_proxy.hpp"
#include "broker/harness.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

struct Scene {
  explicit Scene(const amqp::Arguments& arguments = {}) {
    client.declare(from, arguments);
    client.declare(source);
    client.declare(target);
    client.connection().declare_exchange(tee, "fanout", false, limit());
    client.connection().bind_queue(source, tee, "", limit());
    client.connection().bind_queue(target, tee, "", limit());
  }
  ~Scene() {
    for (const auto& each : {from, source, target}) client.connection().delete_queue(each, limit());
    client.connection().delete_exchange(tee, limit());
  }
  PumpSpec spec(std::uint64_t window = 1000000) const {
    PumpSpec made;
    made.from = from;
    made.exchange = tee;
    made.follow = source;
    made.max_window = window;
    // For an unbounded pump: the source has as good as nothing before it.
    if (window >= 1000) made.outstanding = [] { return std::optional<std::uint64_t>(0); };
    return made;
  }
  Client client;
  std::string from = unique("from"), source = unique("source"), target = unique("target"), tee = unique("tee");
};

}  // namespace

TEST_CASE("the pump relays everything in order, at once, and returns the rest when it stops") {
  const std::string type = GENERATE("classic", "quorum", "lazy", "priority");
  INFO(type);
  amqp::Arguments arguments;
  if (type == "quorum") arguments = {{"x-queue-type", std::string("quorum")}};
  if (type == "lazy") arguments = {{"x-queue-mode", std::string("lazy")}};
  if (type == "priority") arguments = {{"x-max-priority", std::int64_t{5}}};
  Scene scene(arguments);
  scene.client.publish_numbers(scene.from, 0, 500);
  RabbitBroker broker(address(), "pump", limit());
  auto pump = broker.start_pump(scene.spec(), limit());
  eventually([&] { return pump->stats().relayed == 500; });
  // One message is not kept waiting for others. One of several: the machine may stand still for a moment.
  constexpr int kSingle = 8;
  Millis quickest{60000};
  for (std::uint64_t all = 501; all <= 500 + kSingle; ++all) {
    const auto begun = Clock::now();
    scene.client.publish_numbers(scene.from, static_cast<int>(all) - 1, 1);
    eventually([&] { return pump->stats().relayed == all; });
    quickest = std::min(quickest, std::chrono::ceil<Millis>(Clock::now() - begun));
  }
  CHECK(quickest < Millis{700});
  scene.client.publish_numbers(scene.from, 500 + kSingle, 293);
  const auto end = pump->stop(limit());
  CHECK(pump->stop(limit()).relayed == end.relayed);
  CHECK_FALSE(pump->broken());
  const auto relayed = static_cast<int>(end.relayed);
  CHECK(scene.client.drain_numbers(scene.source) == numbers(0, relayed));
  CHECK(scene.client.drain_numbers(scene.target) == numbers(0, relayed));
  scene.client.await_ready(scene.from, static_cast<std::size_t>(801 - relayed));
  CHECK(scene.client.drain_numbers(scene.from) == numbers(relayed, 801 - relayed));
}

TEST_CASE("the pump keeps its channel until the leader of its queue has taken what it acknowledged") {
  using Leaders = std::vector<std::optional<std::string>>;
  struct Row {
    const char* what;
    Leaders said;  // at the start, then when it ends; the last one again and again
    bool longer;   // the channel stays for a second
  };
  const Row row =
      GENERATE(Row{"the same", {"a"}, false}, Row{"nobody says", {std::nullopt}, false},
               Row{"none for a while, then another", {"a", "", "", "b"}, true}, Row{"none at first", {"", "a"}, true},
               Row{"the API is gone", {"a", "", std::nullopt}, false});
  INFO(row.what);
  Scene scene;
  auto spec = scene.spec();
  std::atomic<std::size_t> asked{0};
  spec.leader = [&] { return row.said[std::min(asked++, row.said.size() - 1)]; };
  RabbitBroker broker(address(), "pump", limit());
  auto pump = broker.start_pump(spec, limit());
  CHECK(asked == 1);
  const TimePoint begin = Clock::now();
  CHECK_NOTHROW(pump->stop(limit()));
  CHECK_FALSE(pump->broken());
  if (row.longer) CHECK(Clock::now() - begin >= std::chrono::seconds(1));
  CHECK(asked == row.said.size() + (row.said.size() == 1 || row.longer ? 1 : 0));
}

TEST_CASE("the pump stays within its window") {
  Scene scene;
  scene.client.publish_numbers(scene.from, 0, 300);
  RabbitBroker broker(address(), "pump", limit());
  auto pump = broker.start_pump(scene.spec(20), limit());
  int taken = 0;
  while (taken < 300) {
    CHECK(scene.client.count(scene.source).messages <= 20);
    const auto found = scene.client.drain_numbers(scene.source);
    CHECK(found == numbers(taken, static_cast<int>(found.size())));
    taken += static_cast<int>(found.size());
  }
  const auto end = pump->stop(limit());
  CHECK(end.relayed == 300);
  CHECK(end.returned == 0);
}

TEST_CASE("a full window: what was taken and not relayed returns in order") {
  Scene scene;
  scene.client.publish_numbers(scene.from, 0, 300);
  RabbitBroker broker(address(), "pump", limit());
  auto pump = broker.start_pump(scene.spec(20), limit());
  eventually([&] { return pump->stats().relayed > 0; });
  StopToken{}.sleep(Millis{100}, "");
  const auto end = pump->stop(limit());
  CHECK(end.relayed <= 20);
  CHECK(end.returned > 0);
  scene.client.await_ready(scene.from, 300 - end.relayed);
  CHECK(scene.client.drain_numbers(scene.from) ==
        numbers(static_cast<int>(end.relayed), 300 - static_cast<int>(end.relayed)));
}

TEST_CASE("the pump's limit and its arrival rate") {
  Scene scene;
  RabbitBroker broker(address(), "pump", limit());
  auto pump = broker.start_pump(scene.spec(), limit());
  pump->limit(200);
  const auto begun = Clock::now();  // it relays from the first message on
  scene.client.publish_numbers(scene.from, 0, 1000);
  double arrival_rate = 0;  // of the last three seconds: looked at all the time
  eventually([&] {
    const auto now = pump->stats();
    arrival_rate = std::max(arrival_rate, now.arrival_rate);
    return now.relayed >= 200;
  });
  const std::uint64_t relayed = pump->stats().relayed;
  const double rate = static_cast<double>(relayed) / seconds_between(begun, Clock::now());
  CHECK(rate > 20);
  CHECK(rate < 260);
  CHECK(arrival_rate > 100);
  pump->limit(0);
  eventually([&] { return pump->stats().relayed == 1000; });
  pump->stop(limit());
}

TEST_CASE("a paced pump leaves the source idle for most of the time, until it is told otherwise") {
  Scene scene;
  RabbitBroker broker(address(), "pump", limit());
  // A source that needs 10 ms for each: what it has before it follows from what is in its queue, and when that came.
  struct Source {
    std::uint64_t taken = 0;
    TimePoint free_at = Clock::now();
  } simulated;
  PumpSpec spec = scene.spec();
  spec.pace = {0.25, Millis{150}, Millis{0}};
  spec.outstanding = [&]() -> std::optional<std::uint64_t> {
    const TimePoint now = Clock::now();
    const std::uint64_t arrived = scene.client.connection().inspect_queue(scene.source, limit()).messages;
    for (; simulated.taken < arrived; ++simulated.taken)
      simulated.free_at = std::max(simulated.free_at, now) + Millis{10};
    return simulated.free_at > now ? static_cast<std::uint64_t>((simulated.free_at - now) / Millis{10}) + 1 : 0;
  };
  scene.client.publish_numbers(scene.from, 0, 400);
  auto pump = broker.start_pump(spec, limit());
  const auto begun = Clock::now();
  eventually([&] { return pump->stats().relayed >= 50; });
  const double rate = static_cast<double>(pump->stats().relayed) / seconds_between(begun, Clock::now());
  CHECK(rate > 2);  // 25 in theory; looks and commits take their time
  CHECK(rate < 40);
  pump->pace({});
  const auto released = Clock::now();
  eventually([&] { return pump->stats().relayed == 400; });
  CHECK(Clock::now() - released < std::chrono::seconds{8});  // and not 14, by its pace
  pump->stop(limit());
}

TEST_CASE("the pump is broken when its queue is deleted, and nothing is lost when nobody listens to the tee") {
  Scene scene;
  RabbitBroker broker(address(), "pump", limit());
  auto pump = broker.start_pump(scene.spec(), limit());
  scene.client.connection().unbind_queue(scene.source, scene.tee, "", limit());
  scene.client.connection().unbind_queue(scene.target, scene.tee, "", limit());
  scene.client.publish_numbers(scene.from, 0, 5);
  eventually([&] { return pump->broken(); });
  CHECK(pump->failure().find("no queue is bound") != std::string::npos);
  eventually([&] { return scene.client.count(scene.from).messages == 5; });
  auto second = broker.start_pump(scene.spec(), limit());
  eventually([&] { return second->broken(); });
  scene.client.connection().bind_queue(scene.source, scene.tee, "", limit());
  auto third = broker.start_pump(scene.spec(), limit());
  eventually([&] { return third->stats().relayed == 5; });
  scene.client.connection().delete_queue(scene.from, limit());
  eventually([&] { return third->broken(); });
}

TEST_CASE("of a batch that the tee took in part, only the rest is put back") {
  Scene scene;
  // An exchange that takes what its key says, in place of one whose bindings change inside a batch.
  const auto some = unique("some");
  scene.client.connection().declare_exchange(some, "direct", false, limit());
  for (const auto& queue : {scene.source, scene.target})
    scene.client.connection().bind_queue(queue, some, scene.from, limit());
  const auto other = unique("other");
  scene.client.connection().declare_exchange(other, "fanout", false, limit());
  scene.client.connection().bind_queue(scene.from, other, "", limit());
  // 0 1 | 2 | 3: two are taken, one is not, one is. Nothing is read before all are there, so they are one batch.
  scene.client.publish_numbers(scene.from, 0, 2);
  scene.client.connection().publish(other, "elsewhere", {}, "2", true, limit());
  scene.client.publish_numbers(scene.from, 3, 1);
  PumpSpec spec = scene.spec();
  spec.exchange = some;
  const bool bound = GENERATE(true, false);
  if (bound) spec.way_back = unique("back");
  RabbitBroker broker(address(), "pump", limit());
  const auto pump = broker.start_pump(spec, limit());
  eventually([&] { return pump->broken(); });
  CHECK(pump->failure().find("1 messages were put back") != std::string::npos);
  CHECK(pump->stats().relayed == 3);
  eventually([&] { return scene.client.count(scene.from).messages == 1; });
  CHECK(scene.client.drain_numbers(scene.source) == std::vector<int>{0, 1, 3});
  CHECK(scene.client.drain_numbers(scene.target) == std::vector<int>{0, 1, 3});
  const auto back = scene.client.connection().get(scene.from, limit());
  REQUIRE(back);
  CHECK(back->body == "2");
  if (bound) {
    CHECK(back->routing_key == "elsewhere");
    CHECK_FALSE(broker.delete_exchange(spec.way_back, limit()));  // nothing is left of it
  }
  for (const auto& each : {some, other}) scene.client.connection().delete_exchange(each, limit());
}

TEST_CASE("killed at random instants, pumps lose nothing, double nothing and keep the order") {
  Scene scene;
  constexpr int kAll = 6000;
  std::thread producer([&] {
    Client own;
    for (int i = 0; i < kAll; i += 100) own.publish_numbers(scene.from, i, 100);
  });
  int kills = 0;
  while (scene.client.count(scene.target).messages < kAll) {
    ChildProcess child([&] {
      RabbitBroker own(address(), "child", limit());
      const auto pump = own.start_pump(scene.spec(), limit());
      StopToken{}.sleep(std::chrono::minutes{1}, "");
    });
    // Longer and longer, should the machine be so busy that none comes to anything.
    StopToken{}.sleep(Millis{20 + (kills * 13) % 70} * (1 + kills / 50), "");
    child.kill();
    ++kills;
    // Another pump only once the broker has noticed the end of the old one.
    eventually([&] { return scene.client.count(scene.from).consumers == 0; });
    REQUIRE(kills < 500);
  }
  producer.join();
  WARN(kills << " pumps were killed");
  CHECK(scene.client.drain_numbers(scene.source) == numbers(0, kAll));
  CHECK(scene.client.drain_numbers(scene.target) == numbers(0, kAll));
  CHECK(scene.client.count(scene.from).messages == 0);
}

TEST_CASE("cut at random instants, pumps lose nothing, double nothing and keep the order") {
  Scene scene;
  CutProxy proxy(5672);
  auto through = address();
  through.port = proxy.port();
  RabbitBroker broker(through, "pump", limit());
  constexpr int kAll = 6000;
  scene.client.publish_numbers(scene.from, 0, kAll);
  int cuts = 0;
  while (scene.client.count(scene.target).messages < kAll) {
    eventually([&] { return scene.client.count(scene.from).consumers == 0; });
    auto pump = broker.start_pump(scene.spec(), limit());
    StopToken{}.sleep(std::chrono::microseconds{1000 + (cuts * 1700) % 30000} * (1 + cuts / 100), "");
    proxy.cut();
    eventually([&] { return pump->broken() || pump->stats().relayed == kAll; });
    REQUIRE(++cuts < 1000);
  }
  WARN(cuts << " cuts");
  CHECK(scene.client.drain_numbers(scene.source) == numbers(0, kAll));
  CHECK(scene.client.drain_numbers(scene.target) == numbers(0, kAll));
}

TEST_CASE("stopping a pump that hangs is interrupted by the token") {
  Scene scene;
  CutProxy proxy(5672);
  auto through = address();
  through.port = proxy.port();
  RabbitBroker broker(through, "pump", limit());
  auto pump = broker.start_pump(scene.spec(), limit());
  proxy.stall_answers(true);
  scene.client.publish_numbers(scene.from, 0, 10);
  const auto begun = Clock::now();
  CHECK_THROWS_AS(pump->stop(limit(Millis{100})), Error);
  CHECK(Clock::now() - begun < Millis{20000});
  CHECK(pump->broken());
}

TEST_CASE("how fast the pump is", "[.bench]") {
  Scene scene;
  constexpr int kAll = 30000;
  for (int i = 0; i < kAll; i += 5000) scene.client.publish_numbers(scene.from, i, 5000);
  RabbitBroker broker(address(), "bench", limit());
  const auto begun = Clock::now();
  auto pump = broker.start_pump(scene.spec(), limit());
  eventually([&] { return pump->stats().relayed == kAll; }, std::chrono::seconds{60});
  WARN("pump: " << kAll / seconds_between(begun, Clock::now()) << " messages/s");
  pump->stop(limit());
  const auto asked = Clock::now();
  for (int i = 0; i < 1000; ++i) broker.depth(scene.from, limit());
  WARN("depth: " << 1000 * seconds_between(asked, Clock::now()) / 1000 << " ms");
  const auto published = Clock::now();
  for (int i = 0; i < 300; ++i) broker.publish(message("", scene.from, "x"), limit());
  WARN("publish: " << 1000 * seconds_between(published, Clock::now()) / 300 << " ms");
}
