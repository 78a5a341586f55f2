// Which way the checkpoint goes, on the fakes, and what is told of it.
#include "on_fakes.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;

namespace {

/// Of the way; the fakes give reason for others.
class Warnings final : public Observer {
 public:
  void on(const Event& event) noexcept override {
    const std::lock_guard lock(mutex_);
    if (event.type == Event::Type::warning && event.text.find("goes through ms2m") != std::string::npos)
      all.push_back(event.text);
  }
  std::vector<std::string> all;

 private:
  std::mutex mutex_;
};

struct Moved : OnFakes {
  Moved() { request.carriage = Carriage::direct; }
  void run() {
    FakeBroker broker(server);
    const FakePorts ports(nodes, broker);
    Migrator migrator(ports.all, JournalStore(root), warnings);
    plan = migrator.plan(request, {});
    outcome = migrator.migrate(request, {}, {});
    INFO(outcome.error);
    REQUIRE(outcome.result == Result::done);
  }
  Warnings warnings;
  Plan plan;
};

}  // namespace

TEST_CASE("from node to node, where the nodes reach each other") {
  Moved moved;
  SECTION("asked for") {
    moved.nodes.set_up_handler();
    moved.run();
    CHECK(moved.plan.procedure.carriage == Carriage::direct);
    CHECK(moved.outcome.measures.carriage == Carriage::direct);
    CHECK(moved.warnings.all.empty());
  }
  SECTION("not asked for") {
    moved.request.carriage = Carriage::relay;
    moved.nodes.part_nodes();
    moved.run();
    CHECK(moved.plan.procedure.carriage == Carriage::relay);
    CHECK(moved.outcome.measures.carriage == Carriage::relay);
    CHECK(moved.warnings.all.empty());
  }
  SECTION("they do not: that is told, and the plan has the relay") {
    moved.nodes.part_nodes();
    moved.run();
    CHECK(moved.plan.procedure.carriage == Carriage::relay);
    CHECK(moved.outcome.measures.carriage == Carriage::relay);
    REQUIRE(moved.warnings.all.size() == 1);
    CHECK_THAT(moved.warnings.all[0], Contains("does not reach node worker-2: connecting to worker-2: no answer"));
  }
  SECTION("they did, and do not any more") {
    moved.nodes.part_nodes(true);
    moved.run();
    CHECK(moved.plan.procedure.carriage == Carriage::direct);
    CHECK(moved.outcome.measures.carriage == Carriage::relay);
    REQUIRE(moved.warnings.all.size() == 1);
    CHECK_THAT(moved.warnings.all[0], Contains("any more: connecting to worker-2: no answer"));
  }
}
