// Memory that is carried while the source works, on the fakes: how often, and what becomes of a round that fails.
#include "journal/history.hpp"
#include "on_fakes.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;

namespace {

class Said final : public Observer {
 public:
  void on(const Event& event) noexcept override {
    const std::lock_guard lock(mutex_);
    all += event.text + "\n";
  }
  std::string all;

 private:
  std::mutex mutex_;
};

class Moved : public OnFakes {
 public:
  Moved() { nodes.set_up_handler(); }
  /// How often a checkpoint was carried, the last one included.
  int run(Result expected = Result::done) {
    int carried = 0;
    const auto before = nodes.hook;
    nodes.hook = [&, before](const std::string& call, bool begins) {
      if (call == "move" && begins) ++carried;
      if (before) before(call, begins);
    };
    FakeBroker broker(server);
    const FakePorts ports(nodes, broker);
    outcome = Migrator(ports.all, JournalStore(root), said).migrate(request, {}, {});
    INFO(outcome.error);
    REQUIRE(outcome.result == expected);
    CHECK(outcome.leftovers.empty());
    return carried;
  }
  /// Moves of such a pod have taken long; so one round pays.
  void remember_slow_moves() {
    FakeBroker broker(server);
    const FakePorts ports(nodes, broker);
    const Plan plan = Migrator(ports.all, JournalStore(root), said).plan(request, {});
    History(root).add({"worker-1",
                       "worker-2",
                       kind_of(plan, request),
                       Bytes{0},
                       {{Phase::checkpointing, Seconds(1), ""}, {Phase::transferring, Seconds(20), ""}}});
  }
  void fail_at(const std::string& wanted) {
    nodes.hook = [wanted, failed = false](const std::string& call, bool begins) mutable {
      if (begins && call.starts_with(wanted) && !std::exchange(failed, true))
        throw Error(ErrorKind::failed, "no room on worker-2");
    };
  }

  Said said;
};

}  // namespace

TEST_CASE("rounds of a pre-copy end where they shrink no more, or tell nothing") {
  Moved moved;
  SECTION("off") {
    moved.request.precopy = 0;
    CHECK(moved.run() == 1);
    CHECK_FALSE(moved.outcome.measures.precopied);
    CHECK_FALSE(moved.outcome.measures.pages);
    CHECK(moved.outcome.measures.pauses.size() == 1);
  }
  SECTION("as many as were asked for") {
    moved.request.precopy = 3;
    CHECK(moved.run() == 4);
    CHECK(moved.outcome.measures.precopied == Bytes{3000});
    CHECK(moved.outcome.measures.pages->carried < moved.outcome.measures.pages->all);
    CHECK(moved.outcome.measures.pauses.size() == 4);
  }
  SECTION("all of it changes all the time") {
    moved.request.precopy = 5;
    moved.nodes.change_all_memory();
    CHECK(moved.run() == 3);
  }
  SECTION("not understood") {
    moved.request.precopy = 5;
    moved.nodes.misunderstand_memory();
    CHECK(moved.run() == 2);
    CHECK_THAT(moved.said.all, Contains("not understood"));
    CHECK_FALSE(moved.outcome.measures.pages);
  }
}

TEST_CASE("what the target has forgotten of a pre-copy is carried again, with all the rest") {
  Moved moved;
  moved.request.precopy = 1;
  moved.nodes.forget_rounds();
  CHECK(moved.run() == 3);
  CHECK_THAT(moved.said.all, Contains("all of the memory is carried: forgotten"));
}

TEST_CASE("a pre-copy that fails ends a move only if it was asked for") {
  for (const CheckpointBy by : {CheckpointBy::kubelet, CheckpointBy::runtime})
    for (const std::string call : {"move", by == CheckpointBy::runtime ? "dump worker-1" : "checkpoint consumer-0"}) {
      INFO(call);
      {
        Moved moved;
        moved.request.checkpoint = by;
        moved.request.precopy = 1;
        moved.fail_at(call);
        moved.run(Result::undone);
        CHECK_THAT(moved.outcome.error, Contains("no room on worker-2"));
      }
      Moved moved;
      moved.request.checkpoint = by;
      moved.remember_slow_moves();
      moved.fail_at(call);
      moved.run();
      CHECK_THAT(moved.said.all, Contains("the move goes on without it: no room on worker-2"));
    }
}
