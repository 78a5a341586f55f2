// Shadow: the source's pod is deleted by somebody while ms2m relays to both. What it had not finished goes back.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "engine/on_fakes.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Matchers::Contains;

namespace {

struct Relayed : OnFakes {
  Relayed() {
    ConsumerOptions options;
    options.per_settle = 1;  // slow: something is left when it ends
    options.prefetch = 2;
    nodes.start_pod("consumer-0", request.queue, "", options);
    request.strategy = Strategy::shadow;
    for (int i = 0; i < 40; ++i) server.publish(request.queue, fmt::format("{:03}", i));
    server.set_hook([this](const std::string& call, bool before) {
      if (before && !failing.empty() && call.starts_with(failing)) throw Error(ErrorKind::unavailable, "no answer");
      if (before || gone || !call.starts_with("start pump")) return;
      server.settle();
      const SimConsumer* source = nodes.consumer_of("consumer-0");
      served = source->applied();
      gone = true;
      if (evicted)
        nodes.evict_pod("consumer-0");
      else
        nodes.lose_pod("consumer-0");
    });
  }
  std::vector<std::string> served;  ///< by the source, to its end
  std::string failing;
  bool gone = false, evicted = false;
};

/// Every message was served by the source or waits for whoever comes, once.
void check_nothing_lost(Relayed& relayed) {
  std::vector<std::string> all = relayed.served;
  for (const std::string& each : relayed.server.ready(relayed.request.queue)) all.push_back(each);
  std::sort(all.begin(), all.end());
  CHECK(all == relayed.server.published(relayed.request.queue));
}

}  // namespace

TEST_CASE("a source that is deleted while ms2m relays leaves its messages to the primary queue") {
  Relayed relayed;
  relayed.move();
  INFO(relayed.outcome.error);
  REQUIRE(relayed.gone);
  CHECK(relayed.outcome.result == Result::undone);
  CHECK(relayed.outcome.serving.who == ServedBy::nobody);
  CHECK(relayed.served.size() < 40);
  check_nothing_lost(relayed);
  REQUIRE(relayed.warnings.about("had not finished when it ended").size() == 1);
  CHECK_THAT(relayed.warnings.about("had not finished when it ended").front(),
             Contains("consumer-0") && Contains("at the end of app.events"));
  CHECK(relayed.server.queues() == std::vector<std::string>{"app.events", "ms2m.control.consumer-0"});
  CHECK(relayed.nodes.debris() == std::vector<std::string>{"0 pods"});  // nothing else
}

TEST_CASE("a source that is evicted while ms2m relays, whose object stays, is gone as well") {
  Relayed relayed;
  relayed.evicted = true;
  relayed.move();
  INFO(relayed.outcome.error);
  REQUIRE(relayed.gone);
  CHECK(relayed.outcome.result == Result::undone);
  check_nothing_lost(relayed);
  CHECK(relayed.server.queues() == std::vector<std::string>{"app.events", "ms2m.control.consumer-0"});
}

TEST_CASE("what could not be given back stays, and another process gives it back") {
  Relayed relayed;
  relayed.failing = "give back";
  relayed.move();
  REQUIRE(relayed.gone);
  CHECK(relayed.outcome.result == Result::leftovers);
  relayed.failing.clear();
  FakeBroker broker(relayed.server);
  const FakePorts ports(relayed.nodes, broker);
  const Outcome outcome =
      Migrator(ports.all, JournalStore(relayed.root), relayed.warnings).abort(relayed.outcome.id, {});
  INFO(outcome.error);
  CHECK(outcome.result == Result::undone);
  check_nothing_lost(relayed);
}
