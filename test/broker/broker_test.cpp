// The Broker port's plain commands.
#include "broker/cut_proxy.hpp"
#include "broker/harness.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

ErrorKind kind_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.kind();
  }
  FAIL("no error");
  return ErrorKind::failed;
}

}  // namespace

TEST_CASE("queues are declared, counted, purged and deleted, all idempotent") {
  RabbitBroker broker(address(), "t", limit());
  CHECK(broker.server_version(limit()).find('.') != std::string::npos);
  const auto queue = unique("basic");
  CHECK_FALSE(broker.depth(queue, limit()));
  CHECK(broker.purge_queue(queue, limit()) == 0);
  CHECK_FALSE(broker.delete_queue(queue, limit()));
  broker.declare_queue({queue, {}, {}}, limit());
  broker.declare_queue({queue, {}, {}}, limit());
  Client client;
  client.declare(queue);  // no arguments: what published consumers declare is equivalent
  client.publish_numbers(queue, 0, 7);
  CHECK(broker.depth(queue, limit())->ready == 7);
  CHECK(broker.depth(queue, limit())->consumers == 0);
  CHECK(broker.purge_queue(queue, limit()) == 7);
  CHECK(broker.depth(queue, limit())->ready == 0);
  CHECK(broker.delete_queue(queue, limit()));
  CHECK_FALSE(broker.depth(queue, limit()));
}

TEST_CASE("exchanges and bindings, idempotent") {
  RabbitBroker broker(address(), "t", limit());
  const auto exchange = unique("tee"), queue = unique("bound");
  CHECK_FALSE(broker.delete_exchange(exchange, limit()));
  broker.unbind_queue(queue, exchange, "", limit());
  broker.declare_fanout(exchange, limit());
  broker.declare_fanout(exchange, limit());
  CHECK(kind_of([&] { broker.bind_queue(queue, exchange, "", limit()); }) == ErrorKind::not_found);
  broker.declare_queue({queue, {}, {}}, limit());
  broker.bind_queue(queue, exchange, "", limit());
  broker.bind_queue(queue, exchange, "", limit());
  broker.publish(message(exchange, "key", "{}"), limit());
  CHECK(broker.depth(queue, limit())->ready == 1);
  broker.unbind_queue(queue, exchange, "", limit());
  broker.unbind_queue(queue, exchange, "", limit());
  CHECK(kind_of([&] { broker.publish(message(exchange, "key", "{}"), limit()); }) == ErrorKind::not_found);
  CHECK(broker.depth(queue, limit())->ready == 1);
  CHECK(broker.delete_exchange(exchange, limit()));
  CHECK_FALSE(broker.delete_exchange(exchange, limit()));
  broker.delete_queue(queue, limit());
}

TEST_CASE("publish is confirmed, persistent, and says when nobody takes it") {
  RabbitBroker broker(address(), "t", limit());
  CHECK(kind_of([&] { broker.publish(message("", unique("nowhere"), "{}"), limit()); }) == ErrorKind::not_found);
  CHECK(kind_of([&] { broker.publish(message(unique("no-exchange"), "k", "{}"), limit()); }) == ErrorKind::not_found);
  const auto queue = unique("published");
  broker.declare_queue({queue, {}, {}}, limit());
  broker.publish(message("", queue, "{\"type\":\"END_REPLAY\"}", "application/json", "m-1"), limit());
  Client client;
  const auto got = client.connection().get(queue, limit());
  REQUIRE(got);
  CHECK(got->body == "{\"type\":\"END_REPLAY\"}");
  CHECK(got->properties.message_id() == "m-1");
  broker.delete_queue(queue, limit());
}

TEST_CASE("a queue that was declared otherwise is a conflict, and the broker object goes on") {
  RabbitBroker broker(address(), "t", limit());
  const auto queue = unique("ttl");
  broker.declare_queue({queue, Millis{60000}, std::string("x")}, limit());
  broker.declare_queue({queue, Millis{60000}, std::string("x")}, limit());
  CHECK(kind_of([&] { broker.declare_queue({queue, {}, {}}, limit()); }) == ErrorKind::conflict);
  CHECK(broker.delete_queue(queue, limit()));
}

TEST_CASE("wrong password, missing virtual host, nobody listening") {
  auto wrong = address();
  wrong.password = "wr0ng";
  CHECK(kind_of([&] { RabbitBroker(wrong, "t", limit()); }) == ErrorKind::forbidden);
  wrong = address();
  wrong.vhost = "none";
  CHECK(kind_of([&] { RabbitBroker(wrong, "t", limit()); }) == ErrorKind::forbidden);
  wrong = address();
  wrong.port = 1;
  CHECK(kind_of([&] { RabbitBroker(wrong, "t", limit()); }) == ErrorKind::unavailable);
  wrong.origin = "annotation ms2m.io/broker-secret";
  try {
    RabbitBroker(wrong, "t", limit());
  } catch (const Error& error) {
    CHECK_THAT(error.remedy(),
               Catch::Contains(wrong.origin) && Catch::Contains("forward a port, as the examples of man ms2m show"));
  }
  wrong.host = "no-such-host.invalid";
  CHECK(kind_of([&] { RabbitBroker(wrong, "t", limit()); }) == ErrorKind::unavailable);
}

TEST_CASE("commands survive cut connections") {
  CutProxy proxy(5672);
  auto through = address();
  through.port = proxy.port();
  RabbitBroker broker(through, "t", limit());
  const auto queue = unique("cut");
  broker.declare_queue({queue, {}, {}}, limit());
  for (int i = 0; i < 5; ++i) {
    proxy.cut();
    broker.publish(message("", queue, std::to_string(i)), limit());
    proxy.cut();
    CHECK(broker.depth(queue, limit())->ready == static_cast<std::uint64_t>(i) + 1);
  }
  proxy.refuse(true);
  proxy.cut();
  CHECK(kind_of([&] { broker.depth(queue, limit(Millis{3000})); }) == ErrorKind::unavailable);
  proxy.refuse(false);
  CHECK(broker.delete_queue(queue, limit()));
}

TEST_CASE("a stop ends a call that the broker does not answer, at once") {
  CutProxy proxy(5672);
  auto through = address();
  through.port = proxy.port();
  RabbitBroker broker(through, "t", limit());
  broker.depth("x", limit());
  proxy.stall(true);
  StopSource stop;
  std::thread stopper([&] {
    StopToken{}.sleep(Millis{100}, "");
    stop.request_stop();
  });
  const auto begun = Clock::now();
  CHECK_THROWS_AS(broker.depth("x", stop.token()), Cancelled);
  CHECK(Clock::now() - begun < Millis{10000});
  stopper.join();
  CHECK(kind_of([&] { broker.depth("x", limit(Millis{100})); }) == ErrorKind::timeout);
  proxy.stall(false);
  CHECK_FALSE(broker.depth("x", limit()));
}
