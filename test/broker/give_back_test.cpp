// What was relayed goes back to its queue, on the real broker: exact, in its order, whatever cuts it.
#include "broker/cut_proxy.hpp"
#include "broker/harness.hpp"
#include "ms2m/error.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

struct Way {
  Way() {
    client.declare(from);
    client.declare(to);
  }
  ~Way() {
    for (const auto& each : {from, to}) client.connection().delete_queue(each, limit());
    client.connection().delete_exchange(back, limit());
  }
  Client client;
  std::string from = unique("from"), to = unique("to"), back = unique("back");
};

}  // namespace

TEST_CASE("what is given back is at the end of the queue, all of it, in its order") {
  Way way;
  RabbitBroker broker(address(), "back", limit());
  way.client.publish_numbers(way.to, 0, 5);
  way.client.publish_numbers(way.from, 5, 200);
  const std::string back = GENERATE("named", "");
  CHECK(broker.give_back(way.from, way.to, back.empty() ? "" : way.back, limit()) == 200);
  CHECK(way.client.drain_numbers(way.to) == numbers(0, 205));
  CHECK(way.client.count(way.from).messages == 0);
  CHECK(broker.give_back(way.from, way.to, way.back, limit()) == 0);
  CHECK(broker.give_back(unique("nowhere"), way.to, way.back, limit()) == 0);
}

TEST_CASE("a few messages are given back as well, each time") {
  Way way;
  RabbitBroker broker(address(), "back", limit());
  int given = 0;
  for (int round = 0; round < 200; ++round) {
    const int count = 1 + round % 7;
    way.client.publish_numbers(way.from, given, count);
    REQUIRE(broker.give_back(way.from, way.to, way.back, limit()) == static_cast<std::uint64_t>(count));
    given += count;
  }
  CHECK(way.client.drain_numbers(way.to) == numbers(0, given));
}

TEST_CASE("without the queue that they are to go back to, messages stay where they are") {
  Way way;
  RabbitBroker broker(address(), "back", limit());
  way.client.publish_numbers(way.from, 0, 20);
  way.client.connection().delete_queue(way.to, limit());
  try {
    broker.give_back(way.from, way.to, way.back, limit());
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::not_found);
  }
  way.client.await_ready(way.from, 20);
  CHECK(way.client.drain_numbers(way.from) == numbers(0, 20));
}

TEST_CASE("cut at random instants, nothing that is given back is lost or doubled") {
  Way way;
  CutProxy proxy(5672);
  auto through = address();
  through.port = proxy.port();
  RabbitBroker broker(through, "back", limit());
  constexpr int kAll = 3000;
  way.client.publish_numbers(way.from, 0, kAll);
  int cuts = 0;
  while (way.client.count(way.to).messages < kAll) {
    eventually([&] { return way.client.count(way.from).consumers == 0; });
    std::thread cutter([&] {
      StopToken{}.sleep(std::chrono::microseconds{3000 + (cuts * 1700) % 40000} * (1 + cuts / 50), "");
      proxy.cut();
    });
    try {
      broker.give_back(way.from, way.to, way.back, limit());
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::unavailable);
    }
    cutter.join();
    REQUIRE(++cuts < 500);
  }
  WARN(cuts << " cuts");
  eventually([&] { return way.client.count(way.from).consumers == 0; });
  CHECK(way.client.count(way.from).messages == 0);
  CHECK(way.client.drain_numbers(way.to) == numbers(0, kAll));
}
