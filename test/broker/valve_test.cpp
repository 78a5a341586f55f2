#include "broker/harness.hpp"
#include "broker/rabbit_admin.hpp"

using namespace ms2m;
using namespace ms2m::test;

TEST_CASE("a closed valve takes everything, and gives it back in order") {
  const auto queue = unique("valve");
  const std::string type = GENERATE("classic", "quorum", "lazy", "priority");
  INFO(type);
  Client client, consumer;
  amqp::Arguments arguments;
  if (type == "quorum") arguments = {{"x-queue-type", std::string("quorum")}};
  if (type == "lazy") arguments = {{"x-queue-mode", std::string("lazy")}};
  if (type == "priority") arguments = {{"x-max-priority", std::int64_t{5}}};
  client.declare(queue, arguments);
  client.publish_numbers(queue, 0, 100);
  consumer.connection().set_prefetch(10, limit());
  consumer.connection().consume(queue, {}, limit());
  eventually([&] {
    consumer.connection().receive(Millis{10}, 10, limit());
    return consumer.connection().deliveries().size() == 10;
  });
  RabbitBroker broker(address(), "v", limit());
  auto valve = broker.close_valve({queue, 100000}, limit());
  CHECK(valve->ready_at_closing() == 90);
  client.publish_numbers(queue, 100, 50);
  eventually([&] { return valve->held() == 140; });
  consumer.connection().ack(consumer.connection().deliveries().back().tag, true, limit());
  consumer.connection().deliveries().clear();
  CHECK_FALSE(consumer.connection().receive(Millis{200}, 1, limit()));
  CHECK_FALSE(valve->broken());
  consumer.connection().close_channel(limit());
  CHECK(valve->open() == 140);
  CHECK(valve->open() == 140);
  client.await_ready(queue, 140);
  CHECK(client.drain_numbers(queue) == numbers(10, 140));
  client.connection().delete_queue(queue, limit());
}

TEST_CASE("a valve that would hold too much breaks and returns everything; so does one whose queue is deleted") {
  const auto queue = unique("valve");
  Client client;
  client.declare(queue);
  RabbitBroker broker(address(), "v", limit());
  auto valve = broker.close_valve({queue, 20}, limit());
  client.publish_numbers(queue, 0, 20);
  eventually([&] { return valve->held() == 20; });
  CHECK_FALSE(valve->broken());
  client.publish_numbers(queue, 20, 30);
  eventually([&] { return valve->broken(); });
  CHECK(valve->full());
  valve->open();
  CHECK(valve->returned());
  CHECK(client.count(queue).messages == 50);
  CHECK(client.count(queue).consumers == 0);
  CHECK(client.drain_numbers(queue) == numbers(0, 50));
  auto second = broker.close_valve({queue, 20}, limit());
  client.connection().delete_queue(queue, limit());
  eventually([&] { return second->broken(); });
  CHECK_FALSE(second->full());
  second->open();
}

TEST_CASE("a valve counts the bytes that it holds, and breaks when they are too many") {
  const auto queue = unique("valve");
  Client client;
  client.declare(queue);
  const auto publish = [&](std::size_t size) {
    client.connection().publish("", queue, {}, std::string(size, 'x'), false, limit());
  };
  RabbitBroker broker(address(), "v", limit());
  ValveSpec spec{queue, 100};
  spec.max_held_bytes = {1000000};
  auto valve = broker.close_valve(spec, limit());
  publish(0);
  publish(400000);  // in several frames
  publish(600000);
  eventually([&] { return valve->held() == 3; });
  CHECK(valve->held_bytes() == Bytes{1000000});
  CHECK_FALSE(valve->broken());
  publish(1);
  eventually([&] { return valve->broken(); });
  CHECK(valve->full());
  valve->open();
  CHECK(valve->held_bytes() == Bytes{});
  CHECK(valve->returned());
  CHECK(client.count(queue).messages == 4);
  client.connection().delete_queue(queue, limit());
}

TEST_CASE("a valve tells of a flood, also of what waited at its closing") {
  const auto queue = unique("valve");
  Client client;
  client.declare(queue);
  client.publish_numbers(queue, 0, 400);
  RabbitBroker broker(address(), "v", limit());
  auto valve = broker.close_valve({queue, 100000}, limit());
  eventually([&] { return valve->held() == 400; });
  valve->settle(limit());
  CHECK(valve->flooded());
  valve->settle(limit());
  const auto before = Clock::now();
  client.publish_numbers(queue, 400, 100);
  eventually([&] { return valve->held() == 500; });
  valve->settle(limit());
  CHECK(valve->flooded() < before);
  client.publish_numbers(queue, 500, 4000);
  eventually([&] { return valve->held() == 4500; });
  valve->settle(limit());
  REQUIRE(valve->flooded());
  CHECK(*valve->flooded() >= before);
  valve->open();
  client.connection().delete_queue(queue, limit());
}

TEST_CASE("a valve on a missing queue is an error and the broker object goes on") {
  RabbitBroker broker(address(), "v", limit());
  try {
    broker.close_valve({unique("none"), 10}, limit());
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::not_found);
  }
  CHECK_FALSE(broker.depth("none", limit()));
}

TEST_CASE("a killed valve returns everything in order") {
  const auto queue = unique("valve");
  Client client;
  client.declare(queue);
  for (int round = 0; round < 8; ++round) {
    client.publish_numbers(queue, 0, 150);
    {
      ChildProcess child([&] {
        RabbitBroker own(address(), "child", limit());
        const auto valve = own.close_valve({queue, 100000}, limit());
        StopToken{}.sleep(std::chrono::minutes{1}, "");
      });
      eventually([&] { return client.count(queue).consumers == 1; });
      StopToken{}.sleep(std::chrono::microseconds{700 * round}, "");
    }
    eventually([&] { return client.count(queue).consumers == 0 && client.count(queue).messages == 150; });
    CHECK(client.drain_numbers(queue) == numbers(0, 150));
  }
  client.connection().delete_queue(queue, limit());
}

TEST_CASE("a steady stream is no flood, however many a second") {
  const auto queue = unique("valve");
  Client client;
  client.declare(queue);
  RabbitBroker broker(address(), "v", limit());
  // A stream is steady only while the machine is: where everything stood still for a moment, a flood follows.
  bool flooded = true;
  for (int attempt = 0; attempt < 20 && flooded; ++attempt) {
    auto valve = broker.close_valve({queue, 100000}, limit());
    const auto begin = Clock::now();
    for (int i = 0; i < 600; ++i) {
      client.publish_numbers(queue, i, 1);
      StopToken{}.sleep(begin + std::chrono::microseconds(1000 * i) - Clock::now(), "");
    }
    eventually([&] { return valve->held() == 600; });
    flooded = valve->flooded().has_value();
    valve->open();
    client.await_ready(queue, 600);
    CHECK(client.drain_numbers(queue) == numbers(0, 600));
  }
  CHECK_FALSE(flooded);
  client.connection().delete_queue(queue, limit());
}

TEST_CASE("what the broker had for the valve has come when it is settled") {
  const auto queue = unique("valve");
  Client client;
  client.declare(queue);
  client.publish_numbers(queue, 0, 20000);
  RabbitBroker broker(address(), "v", limit());
  auto valve = broker.close_valve({queue, 100000}, limit());
  eventually([&] { return client.count(queue).messages == 0; });
  valve->settle(limit());
  CHECK(valve->held() == 20000);
  valve->open();
  CHECK_THROWS_AS(valve->settle(limit()), Error);
  client.await_ready(queue, 20000);
  client.connection().delete_queue(queue, limit());
}

TEST_CASE("a valve that may not close takes nothing; the time for it can be shortened") {
  const auto queue = unique("valve");
  Client client;
  client.declare(queue);
  client.publish_numbers(queue, 0, 30);
  RabbitBroker broker(address(), "v", limit());
  std::uint64_t seen = 0;
  CHECK_FALSE(broker.close_valve({queue, 100000,
                                  [&](std::uint64_t ready, StopToken&) {
                                    seen = ready;
                                    return false;
                                  }},
                                 limit()));
  CHECK(seen == 30);
  CHECK_THROWS_AS(broker.close_valve({queue, 100000,
                                      [&](std::uint64_t, StopToken& until) {
                                        until = until.until(Clock::now());
                                        return true;
                                      }},
                                     limit()),
                  Error);
  CHECK(client.count(queue).messages == 30);
  CHECK(client.count(queue).consumers == 0);
  client.connection().delete_queue(queue, limit());
}

TEST_CASE("a valve closes only when no more wait than may") {
  const auto queue = unique("valve");
  Client client;
  client.declare(queue);
  client.publish_numbers(queue, 0, 151);
  RabbitBroker broker(address(), "v", limit());
  ValveSpec spec{queue, 100000};
  spec.ready_at_most = 150;
  CHECK_FALSE(broker.close_valve(spec, limit()));
  CHECK(client.count(queue).messages == 151);
  spec.ready_at_most = 151;
  const auto valve = broker.close_valve(spec, limit());
  REQUIRE(valve);
  eventually([&] { return valve->held() == 151; });
  valve->open();
  CHECK(valve->returned());
  CHECK(client.count(queue).messages == 151);
  client.connection().delete_queue(queue, limit());
}

TEST_CASE("a provisional valve opens by itself unless it was kept, and its end is certain") {
  const auto queue = unique("valve");
  Client client;
  client.declare(queue);
  client.publish_numbers(queue, 0, 30);
  RabbitBroker broker(address(), "v", limit());
  const auto until = [](std::uint64_t, StopToken& token) {
    token = token.within(Millis{3000});
    return true;
  };
  ValveSpec spec{queue, 100000, until};
  spec.provisional = true;
  auto valve = broker.close_valve(spec, limit());
  eventually([&] { return valve->held() == 30; });
  CHECK_FALSE(valve->broken());
  eventually([&] { return valve->broken(); });
  CHECK_FALSE(valve->keep());
  valve->open();
  CHECK(valve->returned());
  CHECK(client.count(queue).messages == 30);

  valve = broker.close_valve(spec, limit());
  CHECK(valve->keep());
  StopToken{}.sleep(Millis{3300}, "");
  CHECK_FALSE(valve->broken());
  CHECK(valve->held() == 30);
  valve->open();
  client.connection().delete_queue(queue, limit());
}

TEST_CASE("of a valve whose connection was lost nobody knows when its messages are back") {
  const auto queue = unique("valve");
  Client client;
  client.declare(queue);
  client.publish_numbers(queue, 0, 30);
  RabbitBroker broker(address(), "v", limit());
  RabbitAdmin admin(address());
  const auto valve = broker.close_valve({queue, 100000}, limit());
  eventually([&] { return valve->held() == 30; });
  eventually([&] {
    const auto facts = admin.queue(queue, limit());
    return facts && facts->consumers.size() == 1 && !facts->consumers[0].connection.empty() &&  // named later
           admin.close_connection(facts->consumers[0].connection, limit());
  });
  eventually([&] { return valve->broken(); });
  valve->open();
  CHECK_FALSE(valve->returned());
  client.await_ready(queue, 30);
  client.connection().delete_queue(queue, limit());
}
