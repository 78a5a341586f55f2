// What is remembered of earlier moves, and what is made of it.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "handover/catch_up.hpp"
#include "plan/facts.hpp"
#include "plan/prediction.hpp"
#include "plan/rounds.hpp"
#include "support/preflight_facts.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;

namespace {

struct Directory {
  std::filesystem::path path = std::filesystem::temp_directory_path() / ("ms2m-history-" + std::to_string(::getpid()));
  Directory() { std::filesystem::create_directories(path); }
  ~Directory() { std::filesystem::remove_all(path); }
};

Plan plan_from(const char* source, const char* target) {
  Plan plan;
  plan.source_node = source;
  plan.target_node = target;
  return plan;
}

PastMove move_of(double checkpointing, double preparing = 2, Bytes memory = {20 << 20}) {
  return {"worker-1",
          "worker-2",
          kind_of(plan_from("", ""), request()),
          memory,
          {{Phase::preparing, Seconds(preparing), ""}, {Phase::checkpointing, Seconds(checkpointing), ""}}};
}

const PredictedPhase& phase(const std::vector<PredictedPhase>& predicted, Phase wanted) {
  for (const auto& each : predicted)
    if (each.phase == wanted) return each;
  throw std::logic_error("no such phase");
}

Facts facts_of(std::uint64_t mib) {
  Facts facts = good();
  facts.source.look.memory = Bytes{mib << 20};
  return facts;
}

}  // namespace

TEST_CASE("what is remembered is read again, and nothing else", "[prediction]") {
  const Directory directory;
  const History history(directory.path);
  CHECK(history.moves().empty());
  history.add(move_of(0.5));
  std::ofstream(directory.path / ".moves.jsonl", std::ios::app) << "{\"v\":1,\n[]\n{\"v\":2}\n";
  history.add(move_of(0.75));
  const auto moves = history.moves();
  REQUIRE(moves.size() == 2);
  CHECK(moves[1].from == "worker-1");
  CHECK(moves[1].kind == "shadow pod control gap");
  CHECK(moves[1].memory == Bytes{20 << 20});
  REQUIRE(moves[1].phases.size() == 2);
  CHECK(moves[1].phases[1].elapsed == Seconds(0.75));
  for (int i = 0; i < 3000; ++i) history.add(move_of(1));
  CHECK(history.moves().size() > 100);
  CHECK(history.moves().size() < 3000);  // the last ones are enough
}

TEST_CASE("without an earlier move the figures are typical ones, and say so", "[prediction]") {
  const auto predicted = predict(plan_from("worker-1", "worker-2"), request(), facts_of(20), {});
  REQUIRE(predicted.size() == 6);
  for (const auto& each : predicted) {
    CHECK_THAT(each.basis, Contains("typical figures"));
    CHECK(each.least < each.elapsed);
    CHECK(each.elapsed < each.most);
  }
  // As measured on two virtual machines: a Deployment's pod by shadow, 8.5 s with 27 MB and 51 s with 1 GiB.
  const auto between = [](std::uint64_t mib, double measured) {
    double least = 0, most = 0;
    for (const auto& each : predict(plan_from("worker-1", "worker-2"), request(), facts_of(mib), {})) {
      least += each.least.count();
      most += each.most.count();
    }
    return least < measured && measured < most;
  };
  CHECK(between(27, 8.5));
  CHECK(between(1024, 51));
}

TEST_CASE("earlier moves between the same nodes are gone by, the latest of them", "[prediction]") {
  std::vector<PastMove> past(20, move_of(50));
  for (const double seconds : {0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3}) past.push_back(move_of(seconds));
  past.push_back(move_of(9));
  past.back().from = "worker-3";
  past.push_back(move_of(9));
  past.back().kind = "handoff pod control gap";
  const auto predicted = predict(plan_from("worker-1", "worker-2"), request(), facts_of(20), past);
  const PredictedPhase& checkpointing = phase(predicted, Phase::checkpointing);
  CHECK(checkpointing.basis == "8 earlier moves from worker-1 to worker-2");
  CHECK(checkpointing.elapsed == Seconds(1.0));
  CHECK(checkpointing.least.count() == Approx(0.6 / 1.15));
  CHECK(checkpointing.most.count() == Approx(1.3 * 1.15));
  CHECK_THAT(phase(predicted, Phase::restoring).basis, Contains("typical figures"));  // none has told it
}

TEST_CASE("how long a replay replays follows from its own log, not from earlier ones", "[prediction][stream]") {
  Plan plan = plan_from("worker-1", "worker-2");
  plan.procedure.course = Course::replay;
  PastMove earlier = move_of(1, 0.5);
  earlier.kind = kind_of(plan, request());
  earlier.phases.push_back({Phase::replaying, Seconds(0.1), ""});
  Facts facts = facts_of(20);
  facts.stream = ConsumerStatus{"app.events", "", 0, 999999};
  const auto predicted = predict(plan, request(), facts, {earlier});
  CHECK_THAT(phase(predicted, Phase::preparing).basis, Contains("1 earlier move"));
  CHECK_THAT(phase(predicted, Phase::replaying).basis, Contains("typical figures"));
  CHECK(phase(predicted, Phase::replaying).least > Seconds(49));
}

TEST_CASE("moves between other nodes are better than none", "[prediction]") {
  const auto predicted = predict(plan_from("worker-2", "worker-1"), request(), facts_of(20), {move_of(0.5)});
  CHECK(phase(predicted, Phase::checkpointing).basis == "1 earlier move between other nodes");
  CHECK(phase(predicted, Phase::checkpointing).most == Seconds(0.75));
}

TEST_CASE("what the memory makes longer is scaled by it", "[prediction]") {
  const auto predicted = predict(plan_from("worker-1", "worker-2"), request(), facts_of(1024), {move_of(0.5)});
  CHECK(phase(predicted, Phase::checkpointing).elapsed > Seconds(1));
  CHECK(phase(predicted, Phase::preparing).elapsed == Seconds(2));
  const auto unknown = predict(plan_from("worker-1", "worker-2"), request(), facts_of(0), {move_of(0.5)});
  CHECK(phase(unknown, Phase::checkpointing).elapsed == Seconds(0.5));
}

TEST_CASE("a limited bandwidth is what a transfer takes at least", "[prediction]") {
  MigrationRequest limited = request();
  limited.bandwidth = Bytes{1 << 20};
  const auto predicted = predict(plan_from("worker-1", "worker-2"), limited, facts_of(100), {});
  const PredictedPhase& transferring = phase(predicted, Phase::transferring);
  CHECK(transferring.least == Seconds(100));
  CHECK(transferring.elapsed == Seconds(100));
  CHECK(transferring.most == Seconds(150));
  CHECK_THAT(transferring.basis, Contains("at most 1.0 MB a second"));
  Plan compressed = plan_from("worker-1", "worker-2");
  compressed.procedure.compression = Compression::zstd;
  const auto smaller = predict(compressed, limited, facts_of(100), {});
  CHECK(phase(smaller, Phase::transferring).least < Seconds(10));
  CHECK(phase(smaller, Phase::transferring).most == Seconds(150));
  CHECK_THAT(phase(smaller, Phase::transferring).basis, Contains("of what is left when it is compressed"));
  limited.bandwidth = Bytes{1 << 30};
  const auto wide = predict(plan_from("worker-1", "worker-2"), limited, facts_of(100), {});
  CHECK_THAT(phase(wide, Phase::transferring).basis, !Contains("at most"));
}

TEST_CASE("memory is carried before where that saves more than it costs", "[prediction]") {
  Plan plan = plan_from("worker-1", "worker-2");
  plan.procedure.strategy = Strategy::handoff;
  plan.procedure.course = Course::handoff;
  plan.procedure.restoring = Restoring::handler;
  MigrationRequest asked = request();
  std::optional<std::chrono::seconds> heartbeat{60};
  const auto rounds = [&](std::uint64_t mib, const std::vector<PastMove>& past = {}) {
    Facts facts = facts_of(mib);
    facts.heartbeat = heartbeat;
    return rounds_of(plan, asked, facts, past);
  };
  CHECK(rounds(20) == 0);
  CHECK(rounds(1024) == 1);
  CHECK(rounds(0) == 0);  // not known
  // The source is at work when it is checkpointed.
  heartbeat = std::chrono::seconds(2);
  CHECK(rounds(1024) == 0);
  heartbeat.reset();
  CHECK(rounds(1024) == 0);
  heartbeat = std::chrono::seconds(0);  // none
  CHECK(rounds(1024) == 1);
  // By what moves without it have taken.
  PastMove quick{"worker-1", "worker-2", kind_of(plan, asked), Bytes{1024u << 20}, {}};
  quick.phases = {{Phase::checkpointing, Seconds(2), ""}, {Phase::transferring, Seconds(2.2), ""}};
  CHECK(rounds(1024, {quick}) == 0);
  quick.phases[1].elapsed = Seconds(8);
  CHECK(rounds(1024, {quick}) == 1);
  asked.bandwidth = Bytes{2'000'000};
  CHECK(rounds(20) == 1);
  asked.prefer = Prefer::total;
  CHECK(rounds(1024) == 0);
  asked.prefer = Prefer::gap;
  plan.procedure.course = Course::shadow;
  CHECK(rounds(1024) == 0);
  asked.precopy = 3;
  CHECK(rounds(20) == 3);
  plan.procedure.restoring = Restoring::image;
  CHECK(rounds(1024) == 0);
}

TEST_CASE("when a copy will have caught up", "[prediction]") {
  // 100 messages a second against 40 that come: 60 behind take a second.
  const CatchUpTime sure = catch_up_time(60, 1000, 400, Seconds(10));
  REQUIRE((sure.least && sure.most));
  CHECK(sure.least->count() == Approx(0.95).margin(0.02));
  CHECK(sure.most->count() == Approx(1.056).margin(0.02));
  CHECK(describe(sure) == "would catch up in 0.9-1.1 s");
  // The same in a quarter of a second is known less well.
  const CatchUpTime early = catch_up_time(60, 25, 10, Seconds(0.25));
  CHECK(*early.least < Seconds(1));
  CHECK(*early.most > Seconds(1.3));
  // Nearly as fast as they come: it may be long, or never.
  const CatchUpTime doubtful = catch_up_time(60, 12, 11, Seconds(0.3));
  CHECK((doubtful.least && !doubtful.most));
  CHECK(describe(doubtful) == "would catch up in 4.0 s at the least");
  CHECK(describe(catch_up_time(60, 10, 100, Seconds(1))) == "would not catch up");
}
