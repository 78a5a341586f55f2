// A process that takes messages from a second queue, on the fakes: seen before, or as late as the broker tells of it.
#include <string>

#include "engine/on_fakes.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Matchers::Contains;

namespace {

struct Second : OnFakes {
  explicit Second(Protocol protocol, Strategy strategy = Strategy::handoff) : OnFakes(strategy) {
    ConsumerOptions options;
    options.also = "events";
    options.stream = strategy == Strategy::replay;
    if (protocol == Protocol::none) {
      options.control = ConsumerOptions::Control::none;
      nodes.set_eager_kubelet();
    }
    request.protocol = protocol;
    nodes.start_pod("consumer-0", request.queue, "", options);
  }
};

}  // namespace

TEST_CASE("a process that takes from a second queue is refused before anything is touched, or moved knowingly",
          "[case-01]") {
  const Protocol protocol = GENERATE(Protocol::control, Protocol::none);
  Second second(protocol);
  second.move();
  CHECK(second.outcome.result == Result::refused);
  CHECK_THAT(second.outcome.error, Contains("takes messages from events too"));
  CHECK_THAT(second.outcome.remedy, Contains("--allow-other-queues"));
  CHECK(second.outcome.id.empty());
  second.request.allow_other_queues = true;
  second.move();
  INFO(second.outcome.error);
  CHECK(second.outcome.result == Result::done);
  CHECK(second.warnings.about("takes messages from events too").size() == 1);
}

TEST_CASE("one that the broker names late is refused before it is made quiet", "[case-01]") {
  const Protocol protocol = GENERATE(Protocol::control, Protocol::none);
  const bool listed = GENERATE(true, false);
  Second second(protocol);
  if (listed)
    second.server.set_unconnected(2);
  else
    second.server.set_unlisted(2);
  second.move();
  CHECK(second.outcome.result == Result::undone);
  CHECK_THAT(second.outcome.error, Contains("takes messages from events too"));
  CHECK(second.outcome.serving.who == ServedBy::source);
}

TEST_CASE("one that reads a stream, too, is refused before a fresh pod is made", "[case-01][stream]") {
  const int late = GENERATE(0, 1, 2);
  Second second(Protocol::control, Strategy::replay);
  if (late == 1) second.server.set_unconnected(2);
  if (late == 2) second.server.set_unlisted(2);
  second.move();
  CHECK(second.outcome.result == (late == 0 ? Result::refused : Result::undone));
  CHECK_THAT(second.outcome.error, Contains("what it took from there is not in the stream"));
  CHECK(second.nodes.pods().size() == 1);
}

// As RabbitMQ 3.10 does.
TEST_CASE("a reader that was killed, and is listed for good without a connection, is not waited for", "[stream]") {
  struct Haunted final : FakeBroker {
    using FakeBroker::FakeBroker;
    std::optional<QueueFacts> queue(const std::string& name, const StopToken& stop) override {
      auto facts = FakeBroker::queue(name, stop);
      if (facts) facts->consumers.push_back({"killed", "", "", true, false, true, 20});
      return facts;
    }
  };
  OnFakes fakes(Strategy::replay);
  Haunted broker(fakes.server);
  const FakePorts ports(fakes.nodes, broker);
  const Outcome outcome = Migrator(ports.all, JournalStore(fakes.root), fakes.warnings).migrate(fakes.request, {}, {});
  INFO(outcome.error);
  CHECK(outcome.result == Result::done);
  CHECK(fakes.warnings.about("does not say of each consumer").empty());
}

TEST_CASE("one that is allowed, and named late, is told", "[case-01]") {
  Second second(GENERATE(Protocol::control, Protocol::none));
  second.request.allow_other_queues = true;
  second.server.set_unconnected(2);
  second.move();
  INFO(second.outcome.error);
  CHECK(second.outcome.result == Result::done);
  CHECK(second.warnings.about("takes messages from events too").size() == 1);
}
