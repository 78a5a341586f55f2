// How sources end, on the fakes: in which order the node and the cluster are asked, and what comes of it when one of
// them does not answer.
#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include "engine/on_fakes.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

/// One move of consumer-0, and what of it touched the source's end.
struct Ending : OnFakes {
  explicit Ending(const std::string& owner = "") {
    if (!owner.empty()) nodes.start_pod("consumer-0", request.queue, owner);
  }

  void move() {
    nodes.hook = [this](const std::string& call, bool before) {
      const std::lock_guard lock(mutex);
      if (before && failing == call) throw Error(ErrorKind::unavailable, "no answer");
      for (const char* each : {"freeze", "thaw", "kill", "remove consumer-0"})
        if (before && call.starts_with(each)) calls.push_back(call);
    };
    OnFakes::move();
    INFO(outcome.error);
    CHECK(outcome.result == Result::done);
    REQUIRE(outcome.measures.served);
    CHECK(*outcome.measures.served <= outcome.measures.total);
    CHECK(outcome.measures.served->count() > 0);
  }

  /// -1: it was not.
  std::ptrdiff_t asked(const std::string& call) const {
    const auto found =
        std::find_if(calls.begin(), calls.end(), [&](const std::string& each) { return each.starts_with(call); });
    return found == calls.end() ? -1 : found - calls.begin();
  }

  std::mutex mutex;
  std::vector<std::string> calls;
  std::string failing;
};

}  // namespace

TEST_CASE("a source stands still before its pod is deleted, and is killed after that") {
  const std::string owner = GENERATE("", "ReplicaSet", "StatefulSet");
  const Strategy strategy = GENERATE(Strategy::handoff, Strategy::shadow);
  INFO(owner << " " << to_string(strategy));
  Ending ending(owner);
  ending.request.strategy = strategy;
  ending.move();
  INFO(Json(ending.calls).dump());
  CHECK(ending.asked("freeze") == 0);
  CHECK(ending.asked("remove consumer-0") > 0);
  // Of a ReplicaSet's nothing is left by then: that one here lets its pods go at once.
  if (owner != "ReplicaSet") CHECK(ending.asked("kill") > ending.asked("remove consumer-0"));
  CHECK(ending.asked("thaw") == -1);
}

TEST_CASE("a source that is to end gently is neither frozen nor killed") {
  const std::string owner = GENERATE("", "ReplicaSet", "StatefulSet");
  const Strategy strategy = GENERATE(Strategy::handoff, Strategy::shadow, Strategy::sequential);
  if (strategy == Strategy::sequential && owner == "ReplicaSet") return;  // refused
  INFO(owner << " " << to_string(strategy));
  Ending ending(owner);
  ending.request.strategy = strategy;
  if (strategy != Strategy::sequential) ending.request.source_exit = SourceExit::graceful;
  ending.move();
  INFO(Json(ending.calls).dump());
  // The copy that has held the place of a StatefulSet's pod is killed.
  const std::ptrdiff_t copies = owner == "StatefulSet" && strategy == Strategy::shadow ? 1 : 0;
  CHECK(std::count(ending.calls.begin(), ending.calls.end(), "kill") == copies);
  CHECK(std::count(ending.calls.begin(), ending.calls.end(), "freeze") == copies);
}

TEST_CASE("a source whose pod is over by the time that its copy serves is removed all the same") {
  Ending ending;
  ending.server.set_hook([&](const std::string& call, bool before) {
    if (before || !call.starts_with("pivot ")) return;
    ending.nodes.evict_pod("consumer-0");
  });
  ending.request.timeouts.retire = Seconds(5);
  ending.move();
  REQUIRE(ending.nodes.pods().size() == 1);
  CHECK(ending.nodes.pods().front().ends_with("@worker-2"));
}

TEST_CASE("sequential kills where that is asked for") {
  Ending ending(GENERATE("", "StatefulSet"));
  ending.request.strategy = Strategy::sequential;
  ending.request.source_exit = SourceExit::kill;
  ending.move();
  CHECK(ending.asked("freeze") == 0);
  CHECK(ending.asked("kill") > 0);
}

TEST_CASE("where the node does not freeze or kill a source, its kubelet ends it") {
  const std::string failing = GENERATE("freeze", "kill");
  Ending ending(GENERATE("", "ReplicaSet"));
  ending.failing = failing;
  ending.move();
  INFO(failing << Json(ending.calls).dump());
  CHECK(ending.asked("remove consumer-0") >= 0);
}
