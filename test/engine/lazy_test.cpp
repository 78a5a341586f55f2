// A copy that works before it has all of its memory, on the fakes.
#include <atomic>

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

TEST_CASE("what fails after the hand-over does not end a source whose memory the copy still needs") {
  Lazy lazy;
  std::atomic<bool> pivoted = false, failed = false, came = false;
  bool source_there = false;
  std::optional<TimePoint> since;
  lazy.nodes.pages_come_when([&] {
    if (failed && !since) since = Clock::now();
    if (!since || Clock::now() - *since < Millis{300}) return false;
    source_there = lazy.nodes.consumer_of("consumer-0") != nullptr;
    return came = true;
  });
  lazy.server.set_hook([&](const std::string& call, bool before) {
    if (call.starts_with("pivot") && !before) pivoted = true;
    if (!before || !pivoted || came || !call.starts_with("depth")) return;
    failed = true;
    throw Error(ErrorKind::unavailable, "the broker is away");
  });
  lazy.move();
  INFO(lazy.outcome.error);
  CHECK(source_there);
  CHECK_THAT(lazy.outcome.error, Contains("the broker is away"));
  CHECK(lazy.outcome.serving.who == ServedBy::target);
  CHECK(lazy.outcome.leftovers.empty());
  CHECK(lazy.nodes.debris().empty());
}

TEST_CASE("as long as nobody can say what has become of the copy's memory the source stays, and a resume decides") {
  Lazy lazy;
  lazy.nodes.lose_pages();
  lazy.nodes.pages_come_when([&] { return lazy.copy_serves(); });
  bool away = false;
  lazy.server.set_hook(
      [&](const std::string& call, bool before) { away = away || (call.starts_with("pivot") && !before); });
  lazy.nodes.hook = [&](const std::string& call, bool before) {
    const bool asked = call == "watch restore" || call == "done restore" || call == "take back restore";
    if (away && before && asked) throw Error(ErrorKind::unavailable, "worker-2 does not answer");
  };
  lazy.request.timeouts.serve = Seconds(1);
  lazy.move();
  INFO(lazy.outcome.error);
  CHECK(lazy.outcome.result == Result::leftovers);
  CHECK(lazy.nodes.consumer_of("consumer-0") != nullptr);
  lazy.nodes.hook = {};
  {
    FakeBroker broker(lazy.server);
    const FakePorts ports(lazy.nodes, broker);
    const Outcome resumed = Migrator(ports.all, JournalStore(lazy.root), lazy.warnings).resume(lazy.outcome.id, {});
    INFO(resumed.error);
    CHECK(resumed.result == Result::undone);
    CHECK(resumed.serving.who == ServedBy::source);
    CHECK(resumed.leftovers.empty());
    CHECK(lazy.nodes.pods() == std::vector<std::string>{"consumer-0@worker-1"});
  }
}
