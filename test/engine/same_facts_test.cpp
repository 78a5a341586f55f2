// One Migrator plans and then migrates: what was asked for the plan is not asked again, as long as it is the same move.
#include <atomic>

#include "on_fakes.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

/// How often all was asked for.
struct Looked final : FakeBroker {
  using FakeBroker::FakeBroker;
  std::atomic<int> looks{0};
  std::vector<std::string> alarms(const StopToken& stop) override {
    ++looks;
    return FakeBroker::alarms(stop);
  }
};

struct Planned : OnFakes {
  Looked broker{server};
  FakePorts ports{nodes, broker};
  Migrator migrator{ports.all, JournalStore(root), warnings};
  int looks() const { return broker.looks; }
};

}  // namespace

TEST_CASE("a move takes the facts of its own plan") {
  Planned user;
  CHECK_FALSE(user.migrator.plan(user.request, {}).refused());
  CHECK(user.looks() == 1);
  const Outcome outcome = user.migrator.migrate(user.request, {}, {});
  INFO(outcome.error);
  CHECK(outcome.result == Result::done);
  CHECK(user.looks() == 1);
}

TEST_CASE("the facts of a plan serve one move") {
  Planned user;
  user.migrator.plan(user.request, {});
  CHECK(user.migrator.migrate(user.request, {}, {}).result == Result::done);
  const Outcome again = user.migrator.migrate(user.request, {}, {});  // the pod has another name now
  CHECK(again.result == Result::refused);
  CHECK_THAT(again.error, Catch::Contains("not found"));
}

TEST_CASE("the facts of a plan for another move are not taken") {
  Planned user;
  MigrationRequest other = user.request;
  SECTION("to another node") { other.target_node = "worker-1"; }
  SECTION("restored in another way") { other.restore = RestoreChoice::image; }
  user.migrator.plan(other, {});
  CHECK(user.looks() == 1);
  CHECK(user.migrator.migrate(user.request, {}, {}).result == Result::done);
  CHECK(user.looks() == 2);
}

TEST_CASE("without a plan a move asks for itself") {
  Planned user;
  CHECK(user.migrator.migrate(user.request, {}, {}).result == Result::done);
  CHECK(user.looks() == 1);
}
