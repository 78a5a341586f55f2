// wrap/amqp by itself: confirms out of order, heartbeats, properties that survive the pump.
#include "broker/cut_proxy.hpp"
#include "broker/harness.hpp"

using namespace ms2m;
using namespace ms2m::test;

TEST_CASE("confirms are tracked one by one") {
  // Durable and transient, big and small messages are confirmed at different times, so out of order.
  Client client;
  const auto quorum = unique("quorum"), classic = unique("classic");
  client.declare(quorum, {{"x-queue-type", std::string("quorum")}});
  client.declare(classic);
  const std::string big(20000, 'x');
  for (int i = 0; i < 1000; ++i) {
    const bool odd = i % 2 != 0;
    client.connection().publish("", odd ? quorum : classic, amqp::Properties::make("", "", odd), odd ? big : "x", true,
                                limit());
    if (i % 50 == 0)
      client.connection().publish("", "nowhere." + quorum, amqp::Properties::make("", "", false), "x", true, limit());
  }
  client.connection().wait_confirmed(limit());
  CHECK(client.connection().take_returned().size() == 20);
  CHECK(client.count(quorum).messages == 500);
  CHECK(client.count(classic).messages == 500);
  client.connection().delete_queue(quorum, limit());
  client.connection().delete_queue(classic, limit());
}

TEST_CASE("an idle connection that waits keeps its heartbeats; a silent peer is noticed") {
  CutProxy proxy(5672);
  auto endpoint = endpoint_of(address(), "hb", "test");
  endpoint.port = proxy.port();
  endpoint.heartbeat = std::chrono::seconds{3};
  amqp::Connection connection(endpoint, limit());
  CHECK_FALSE(connection.receive(Millis{10000}, 1, limit()));
  connection.inspect_queue(([] {
                             Client client;
                             const auto queue = unique("hb");
                             client.declare(queue);
                             return queue;
                           })(),
                           limit());
  proxy.stall(true);
  const auto begun = Clock::now();
  CHECK_THROWS_AS(connection.receive(Millis{60000}, 1, limit(std::chrono::seconds{90})), amqp::ConnectionLost);
  CHECK(Clock::now() - begun < std::chrono::seconds{20});
}

TEST_CASE("a channel that the broker closed can be opened again, many times") {
  Client client;
  for (int i = 0; i < 20; ++i) {
    CHECK_FALSE(client.exists(unique("none")));
    CHECK(client.connection().usable());
  }
}
