#include <algorithm>

#include "support/preflight_facts.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

Facts probed(int period, int threshold, Bytes memory = {}) {
  Facts facts = good();
  facts.pod["spec"]["containers"][0]["livenessProbe"] = {{"periodSeconds", period}, {"failureThreshold", threshold}};
  facts.source.look.memory = memory;
  return facts;
}

constexpr Bytes kGiB{1ull << 30};

/// Of the findings of that check; ok also when there is none.
Level level_of(const Facts& facts, const MigrationRequest& r, const std::string& check) {
  Level worst = Level::ok;
  for (const Finding& finding : findings(facts, r))
    if (finding.check == check) worst = std::max(worst, finding.level);
  return worst;
}

}  // namespace

TEST_CASE("a freeze that is longer than the liveness probe allows is refused in every strategy") {
  MigrationRequest r = request();
  for (const Strategy strategy : {Strategy::handoff, Strategy::shadow, Strategy::sequential}) {
    r.strategy = strategy;
    CHECK(level_of(probed(10, 3), r, "liveness") == Level::ok);
    CHECK(level_of(probed(10, 3, kGiB), r, "liveness") == Level::ok);
    CHECK(level_of(probed(10, 1), r, "liveness") == Level::ok);  // one second
    CHECK(level_of(probed(10, 1, kGiB), r, "liveness") == Level::refusal);
    CHECK(level_of(probed(1, 3, kGiB), r, "liveness") == Level::refusal);
    CHECK(level_of(probed(10, 3, Bytes{8 * kGiB.count}), r, "liveness") == Level::refusal);
  }
}

TEST_CASE("without the control protocol the source is frozen until its end") {
  MigrationRequest r = request();
  r.strategy = Strategy::handoff;
  r.protocol = Protocol::none;
  CHECK(level_of(probed(10, 3), r, "liveness") == Level::ok);
  CHECK(level_of(probed(2, 3), r, "liveness") == Level::refusal);
}

TEST_CASE("a source is not checkpointed at work where it may lose its connection by that") {
  Facts facts = good();
  MigrationRequest asked = request();
  asked.precopy = 1;
  facts.procedure.restoring = Restoring::handler;
  facts.source.look.memory = Bytes{4ull << 30};
  for (const int heartbeat : {60, 0}) {
    facts.heartbeat = std::chrono::seconds(heartbeat);
    CHECK(level_of(facts, asked, "precopy") == Level::ok);
  }
  facts.heartbeat = std::chrono::seconds(10);
  CHECK(level_of(facts, asked, "precopy") == Level::refusal);
  facts.source.look.memory = Bytes{20 << 20};
  CHECK(level_of(facts, asked, "precopy") == Level::ok);
  facts.heartbeat.reset();
  CHECK(level_of(facts, asked, "precopy") == Level::refusal);
  asked.precopy.reset();
  CHECK(level_of(facts, asked, "precopy") == Level::ok);
}

TEST_CASE("a freeze that is longer than the connection's heartbeats is told") {
  Facts facts = good();
  facts.heartbeat = std::chrono::seconds(10);
  facts.source.look.memory = {100 << 20};
  CHECK(level_of(facts, request(), "heartbeat") == Level::ok);
  facts.source.look.memory = {4 * kGiB.count};
  CHECK(level_of(facts, request(), "heartbeat") == Level::warning);
  facts.heartbeat = std::chrono::seconds(60);
  CHECK(level_of(facts, request(), "heartbeat") == Level::ok);
  facts.heartbeat = std::chrono::seconds(0);  // none
  CHECK(level_of(facts, request(), "heartbeat") == Level::ok);
}
