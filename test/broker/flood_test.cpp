// How many deliveries may be on their way to the valve at a time, and what the simulator makes of too many.
#include "broker/valve.hpp"
#include "support/catch.hpp"
#include "support/fake_broker.hpp"

using namespace ms2m;
using namespace ms2m::test;

TEST_CASE("more than 150 deliveries between one question and the answer to the next are a flood") {
  FloodWatch watch;
  watch.asked(0);
  CHECK_FALSE(watch.answered(150));
  watch.asked(150);
  CHECK_FALSE(watch.answered(150));  // since the first question
  watch.asked(250);
  CHECK_FALSE(watch.answered(300));  // 150 since the second
  watch.asked(300);
  CHECK(watch.answered(401));  // since the third, at 250
  watch.asked(401);
  CHECK_FALSE(watch.answered(450));
}

TEST_CASE("what waited at the closing is a flood, too") {
  FloodWatch watch;
  watch.asked(0);
  CHECK(watch.answered(151));
}

TEST_CASE("a valve that closes on too many lets a consumer that runs overtake, one that stands still not") {
  const bool frozen = GENERATE(false, true);
  FakeServer server;
  server.declare("q");
  ConsumerOptions slow;
  slow.prefetch = 20;
  slow.per_settle = 1;
  const auto consumer = server.start("a", "q", slow);
  for (int i = 0; i < 400; ++i) server.publish("q", std::to_string(i));
  server.settle();
  FakeBroker broker(server);
  if (frozen) consumer->freeze();
  auto valve = broker.close_valve({"q", 1000}, {});
  consumer->thaw();
  for (int i = 0; i < 100; ++i) server.settle();
  valve->open();
  for (int i = 0; i < 1000; ++i) server.settle();
  CHECK((consumer->applied() == server.published("q")) == frozen);
}
