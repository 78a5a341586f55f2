// Which way the checkpoint goes, on the fakes, and what is told of it.
#include "on_fakes.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;

namespace {

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
  /// Of the way; the fakes give reason for others.
  std::vector<std::string> warned() const { return warnings.about("goes through ms2m"); }
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
    CHECK(moved.warned().empty());
  }
  SECTION("not asked for") {
    moved.request.carriage = Carriage::relay;
    moved.nodes.part_nodes();
    moved.run();
    CHECK(moved.plan.procedure.carriage == Carriage::relay);
    CHECK(moved.outcome.measures.carriage == Carriage::relay);
    CHECK(moved.warned().empty());
  }
  SECTION("they do not: that is told, and the plan has the relay") {
    moved.nodes.part_nodes();
    moved.run();
    CHECK(moved.plan.procedure.carriage == Carriage::relay);
    CHECK(moved.outcome.measures.carriage == Carriage::relay);
    REQUIRE(moved.warned().size() == 1);
    CHECK_THAT(moved.warned()[0], Contains("does not reach node worker-2: connecting to worker-2: no answer"));
  }
  SECTION("they did, and do not any more") {
    moved.nodes.part_nodes(true);
    moved.run();
    CHECK(moved.plan.procedure.carriage == Carriage::direct);
    CHECK(moved.outcome.measures.carriage == Carriage::relay);
    REQUIRE(moved.warned().size() == 1);
    CHECK_THAT(moved.warned()[0], Contains("any more: connecting to worker-2: no answer"));
  }
}

TEST_CASE("through a registry, which has nothing of it afterwards", "[registry]") {
  Moved moved;
  moved.request.carriage = Carriage::registry;
  SECTION("as an image") {}
  SECTION("into the runtime handler") { moved.nodes.set_up_handler(); }
  moved.run();
  CHECK(moved.plan.procedure.carriage == Carriage::registry);
  CHECK(moved.plan.registry_name == "registry.example:5000/ms2m:ms2m-" + moved.plan.id);
  CHECK(moved.outcome.measures.carriage == Carriage::registry);
  CHECK(moved.nodes.debris() == std::vector<std::string>{});
}

TEST_CASE("a registry that does not let a node in is a refusal", "[registry]") {
  Moved moved;
  moved.request.carriage = Carriage::registry;
  for (const char* node : {"worker-1", "worker-2"}) {
    moved.nodes.refuse_registry_to(node);
    FakeBroker broker(moved.server);
    const FakePorts ports(moved.nodes, broker);
    Migrator migrator(ports.all, JournalStore(moved.root), moved.warnings);
    moved.outcome = migrator.migrate(moved.request, {}, {});
    CHECK(moved.outcome.result == Result::refused);
    CHECK(moved.outcome.remedy == "log in");
    CHECK(moved.nodes.debris() == std::vector<std::string>{});
  }
}

TEST_CASE("a registry that deletes nothing: what stays there is named", "[registry]") {
  Moved moved;
  moved.request.carriage = Carriage::registry;
  moved.nodes.keep_in_registry();
  FakeBroker broker(moved.server);
  const FakePorts ports(moved.nodes, broker);
  Migrator migrator(ports.all, JournalStore(moved.root), moved.warnings);
  moved.outcome = migrator.migrate(moved.request, {}, {});
  CHECK(moved.outcome.result == Result::cleanup_incomplete);
  REQUIRE(moved.outcome.leftovers.size() == 1);
  CHECK_THAT(moved.outcome.leftovers[0].what,
             Contains("remove registry.example:5000/ms2m:ms2m-" + moved.outcome.id + " from its registry") &&
                 Contains("deletes nothing"));
  CHECK(moved.outcome.leftovers[0].command == "ms2m cleanup " + moved.outcome.id);
}

TEST_CASE("compressed on its way, which the plan tells, and what came of it") {
  Moved moved;
  moved.request.compression = Compression::zstd;
  SECTION("as an image") {}
  SECTION("into the runtime handler") { moved.nodes.set_up_handler(); }
  SECTION("after a pre-copy") {
    moved.nodes.set_up_handler();
    moved.request.strategy = Strategy::handoff;
    moved.request.precopy = 1;
  }
  moved.run();
  CHECK(moved.plan.procedure.compression == Compression::zstd);
  const bool told = std::any_of(moved.plan.steps.begin(), moved.plan.steps.end(), [](const PlannedStep& step) {
    return step.phase == Phase::transferring && step.text.find(", compressed (zstd)") != std::string::npos;
  });
  CHECK(told);
  CHECK(moved.outcome.measures.bytes == Bytes{1000});
  CHECK(moved.outcome.measures.travelled == Bytes{300});
  CHECK(moved.outcome.measures.precopy_travelled.has_value() == moved.request.precopy.has_value());
  const auto& phases = moved.outcome.phases;
  const auto transferring =
      std::find_if(phases.begin(), phases.end(), [](const auto& each) { return each.phase == Phase::transferring; });
  REQUIRE(transferring != phases.end());
  CHECK_THAT(transferring->note, Contains(", compressed to 0.0 MB"));
}

TEST_CASE("through a registry nothing is compressed, and the plan says so", "[registry]") {
  Moved moved;
  moved.request.carriage = Carriage::registry;
  moved.request.compression = Compression::automatic;
  moved.run();
  CHECK(moved.plan.procedure.compression == Compression::none);
  CHECK_FALSE(moved.outcome.measures.travelled);
}
