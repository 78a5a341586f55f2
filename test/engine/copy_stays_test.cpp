// Undo with a copy that cannot be removed: the API server does not answer any more.
#include <algorithm>
#include <string>

#include "engine/on_fakes.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Matchers::Contains;

namespace {

/// From the pivot on, which fails, the API server answers nothing.
struct Unanswered : OnFakes {
  explicit Unanswered(RestoreChoice restore) {
    request.restore = restore;
    server.publish(request.queue, "1");
    if (restore == RestoreChoice::handler) nodes.set_up_handler();
    server.set_hook([this](const std::string& call, bool before) {
      if (!before || began || !call.starts_with("pivot ")) return;
      began = silent = true;
      throw Error(ErrorKind::unavailable, "the broker does not answer");
    });
    nodes.hook = [this](const std::string& call, bool before) {
      for (const char* of_cluster : {"get ", "create ", "patch ", "remove consumer"})
        if (before && silent && call.starts_with(of_cluster))
          throw Error(ErrorKind::unavailable, "the API server does not answer");
    };
  }
  std::size_t times_applied(const std::string& id) {
    const auto applied = nodes.consumer_of("consumer-0")->applied();
    return static_cast<std::size_t>(std::count(applied.begin(), applied.end(), id));
  }
  std::vector<std::string> own_queues() {
    std::vector<std::string> own;
    for (const std::string& queue : server.queues())
      if (queue.starts_with("ms2m." + outcome.id)) own.push_back(queue);
    return own;
  }
  void recover() {
    silent = false;
    FakeBroker broker(server);
    const FakePorts ports(nodes, broker);
    outcome = Migrator(ports.all, JournalStore(root), warnings).abort(outcome.id, {});
  }
  bool began = false, silent = false;
};

}  // namespace

TEST_CASE("a copy that may run keeps its queues, each is told, and an abort removes them") {
  Unanswered fakes(RestoreChoice::image);
  fakes.move();
  INFO(fakes.outcome.error);
  REQUIRE(fakes.began);
  CHECK(fakes.outcome.result == Result::leftovers);
  const auto own = fakes.own_queues();
  CHECK(std::count(own.begin(), own.end(), "ms2m." + fakes.outcome.id + ".hold") == 1);
  for (const std::string& queue : own) {
    INFO(queue);
    CHECK(std::any_of(fakes.outcome.leftovers.begin(), fakes.outcome.leftovers.end(), [&](const Leftover& left) {
      return left.what.find(queue) != std::string::npos && left.command == "ms2m abort " + fakes.outcome.id;
    }));
  }
  fakes.server.publish(fakes.request.queue, "2");
  fakes.server.settle();
  CHECK(fakes.times_applied("2") == 1);  // by the source
  fakes.recover();
  INFO(fakes.outcome.error);
  CHECK(fakes.outcome.result == Result::undone);
  CHECK(fakes.server.queues() == std::vector<std::string>{"app.events", "ms2m.control.consumer-0"});
  fakes.server.publish(fakes.request.queue, "3");
  fakes.server.settle();
  CHECK(fakes.times_applied("3") == 1);
}

TEST_CASE("a copy that its node has ended needs no queues any more") {
  Unanswered fakes(RestoreChoice::handler);
  fakes.move();
  INFO(fakes.outcome.error);
  REQUIRE(fakes.began);
  CHECK(fakes.outcome.result == Result::leftovers);  // its pod
  CHECK(fakes.own_queues().empty());
}
