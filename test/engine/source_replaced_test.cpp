// Another pod has the source's name before the source is sent away, as a StatefulSet's next one does: it has the same
// control queue.
#include <algorithm>
#include <string>

#include "engine/on_fakes.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Matchers::Contains;

namespace {

/// Before the first call that begins so, the source goes and the other one comes.
void check_served_by_the_next(const std::string& at, Strategy strategy, const std::string& said) {
  INFO(at);
  OnFakes fakes;
  fakes.request.strategy = strategy;
  fakes.server.publish(fakes.request.queue, "1");
  bool replaced = false;
  fakes.server.set_hook([&](const std::string& call, bool before) {
    if (!before || replaced || !call.starts_with(at)) return;
    replaced = true;
    fakes.nodes.lose_pod("consumer-0");
    fakes.nodes.start_pod("consumer-0", fakes.request.queue, "", {});
  });
  fakes.move();
  INFO(fakes.outcome.error);
  REQUIRE(replaced);
  CHECK(fakes.outcome.result == Result::undone);
  CHECK_THAT(fakes.outcome.error, Contains(said));
  CHECK(fakes.server.queues() == std::vector<std::string>{"app.events", "ms2m.control.consumer-0"});
  fakes.server.publish(fakes.request.queue, "2");
  fakes.server.settle();
  CHECK(fakes.server.ready(fakes.request.queue).empty());
  const auto applied = fakes.nodes.consumer_of("consumer-0")->applied();
  CHECK(std::count(applied.begin(), applied.end(), "2") == 1);
}

}  // namespace

TEST_CASE("what another pod of the source's name would obey is not sent") {
  for (const Strategy strategy : {Strategy::handoff, Strategy::shadow})
    check_served_by_the_next("declare ms2m.", strategy, "the source pod is gone");
}

TEST_CASE("another pod of the source's name that has obeyed is sent back to work") {
  for (const Strategy strategy : {Strategy::handoff, Strategy::shadow})
    check_served_by_the_next("publish ms2m.control.consumer-0", strategy, "the source pod is gone");
}
