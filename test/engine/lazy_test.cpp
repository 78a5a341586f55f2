// A copy that works before it has all of its memory, on the fakes.
#include "on_fakes.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;

namespace {

class Lazy : public OnFakes {
 public:
  Lazy() {
    nodes.set_up_handler();
    request.checkpoint = CheckpointBy::runtime;
    request.pages = Pages::lazy;
  }
  /// Somebody else than the source consumes.
  bool copy_serves() const {
    const auto consumers = server.consumers("app.events");
    return !consumers.empty() && consumers.count("consumer-0") == 0;
  }
};

}  // namespace

TEST_CASE("a copy serves before the last of its memory has come, and its source goes only after that") {
  Lazy lazy;
  bool source_there = false;
  lazy.nodes.pages_come_when([&] {
    if (!lazy.copy_serves()) return false;
    source_there = lazy.nodes.consumer_of("consumer-0") != nullptr;
    return true;
  });
  lazy.move();
  INFO(lazy.outcome.error);
  REQUIRE(lazy.outcome.result == Result::done);
  CHECK(source_there);
  CHECK(lazy.outcome.leftovers.empty());
  CHECK(lazy.outcome.serving.who == ServedBy::target);
  REQUIRE(lazy.outcome.measures.lazy_window);
  CHECK(lazy.outcome.measures.lazy_window->count() >= 0);
  CHECK(lazy.nodes.debris().empty());
}

TEST_CASE("a copy whose memory does not all come is lost, and the source goes on") {
  Lazy lazy;
  lazy.nodes.lose_pages();
  SECTION("before the hand-over: nothing is") {
    lazy.move();
    CHECK_THAT(lazy.outcome.error, Contains("did not all come"));
  }
  SECTION("after it: what it has done since") {
    lazy.nodes.pages_come_when([&] { return lazy.copy_serves(); });
    lazy.move();
    CHECK_THAT(lazy.outcome.error,
               Contains("was lost after the hand-over, and with it what it had done; the source has "
                        "the queue back (the memory of the copy on worker-2 did not all come"));
  }
  CHECK(lazy.outcome.result == Result::undone);
  CHECK(lazy.outcome.leftovers.empty());
  CHECK(lazy.outcome.serving.who == ServedBy::source);
  CHECK(lazy.nodes.pods() == std::vector<std::string>{"consumer-0@worker-1"});
  lazy.server.publish("app.events", "w1");
  lazy.server.settle();
  CHECK(lazy.nodes.consumer_of("consumer-0")->applied() == std::vector<std::string>{"w1"});
}

TEST_CASE("an interruption after the hand-over waits for the last of the memory") {
  Lazy lazy;
  StopSource stop;
  lazy.nodes.pages_come_when([&] {
    if (!lazy.copy_serves()) return false;
    stop.request_stop();
    return true;
  });
  FakeBroker broker(lazy.server);
  const FakePorts ports(lazy.nodes, broker);
  const Outcome outcome =
      Migrator(ports.all, JournalStore(lazy.root), lazy.warnings).migrate(lazy.request, {}, stop.token());
  CHECK(outcome.result == Result::done);
  CHECK(outcome.serving.who == ServedBy::target);
}
