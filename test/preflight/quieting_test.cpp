// In which way the source becomes quiet, and what speaks against a freeze at work.
#include <algorithm>

#include "plan/quieting.hpp"
#include "support/preflight_facts.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace std::chrono_literals;
using Catch::Contains;

namespace {

/// A consumer that polls its control queue, with so many waiting.
Facts polling(std::uint64_t ready, std::optional<double> in = {}, std::optional<double> out = {}) {
  Facts f = good();
  f.source_control = QueueDepth{0, 0};
  f.depth = QueueDepth{ready, 1};
  f.queue->rate_in = in;
  f.queue->rate_out = out;
  f.totals = QueueTotals{ready, 50};
  f.heartbeat = 60s;
  return f;
}

QuietWay way(const Facts& facts, Protocol protocol = Protocol::control) {
  MigrationRequest r = request();
  r.protocol = protocol;
  return forecast_quiet(facts, r).way;
}

std::string quiet_line(const Facts& facts, const MigrationRequest& r = request()) {
  for (const Finding& finding : findings(facts, r))
    if (finding.check == "quiet") return finding.text;
  return "";
}

std::string backlog(const Facts& facts) {
  for (const Finding& finding : findings(facts, request()))
    if (finding.check == "backlog") return finding.text;
  return "";
}

}  // namespace

TEST_CASE("the way in which a source becomes quiet follows from who listens, what waits and the rates") {
  Facts subscribing = polling(800, 120, 20);
  subscribing.source_control = QueueDepth{0, 1};
  CHECK(way(subscribing) == QuietWay::command);
  CHECK(way(polling(0, 10, 10)) == QuietWay::command);
  CHECK(way(polling(3)) == QuietWay::command);
  CHECK(way(polling(60)) == QuietWay::valve);
  CHECK(way(polling(10, 25, 20)) == QuietWay::valve);
  CHECK(way(polling(150, 20, 20)) == QuietWay::valve);
  CHECK(way(polling(151)) == QuietWay::frozen_valve);
  // 300 more until then.
  CHECK(way(polling(10, 120, 20)) == QuietWay::frozen_valve);
  CHECK(way(polling(0), Protocol::none) == QuietWay::valve);
  CHECK(way(polling(800), Protocol::none) == QuietWay::frozen_valve);
  // Of several consumers there is no order that a freeze of one could keep.
  Facts shared = polling(800);
  shared.depth->consumers = 2;
  CHECK(way(shared) == QuietWay::valve);
}

TEST_CASE("what is in hand takes its time, by the rate of one that is always busy") {
  CHECK(forecast_quiet(polling(800, 120, 20), request()).time.count() == Approx(2 + 2.5 + 0.155));
  CHECK(forecast_quiet(polling(0, 10, 10), request()).time.count() == Approx(1));
  CHECK_THAT(quiet_line(polling(800, 120, 20)),
             Contains("stands still for about 0.2 s") && Contains("800 messages wait, 120 a second come and 20 go"));
  CHECK_THAT(quiet_line(polling(0)), Contains("by the command alone"));
}

TEST_CASE("a freeze at work is shorter than heartbeats and liveness probe allow, and leaves the broker its time") {
  const auto budget = [](std::chrono::seconds heartbeat, const Facts& facts = polling(800)) {
    return freeze_budget(facts, request(), heartbeat);
  };
  CHECK(budget(0s).limit == 10000ms);
  CHECK(budget(580s).limit == 10000ms);
  CHECK(budget(10s).limit == 9900ms);
  CHECK(budget(5s).limit == 4900ms);
  Facts probed = polling(800);
  probed.pod["spec"]["containers"][0]["livenessProbe"] = {{"periodSeconds", 2}, {"failureThreshold", 4}};
  CHECK(Seconds(budget(60s, probed).limit).count() == Approx(6.5 - frozen_in_the_move(probed).count()).margin(0.002));
  CHECK(budget(60s, probed).limit < 6500ms);
  // What it has in hand takes so long that a probe is answered in between.
  probed.queue->rate_out = 10;
  CHECK(budget(60s, probed).limit == 6500ms);
  CHECK_THAT(budget(60s, probed).bound, Contains("liveness"));
  for (const auto heartbeat : {0s, 4s, 5s, 10s, 60s}) {
    const FreezeBudget b = budget(heartbeat);
    CHECK(b.work + 3 * b.heartbeat < b.limit);
    CHECK(b.linger + request().dead_man / 3 > 3 * b.heartbeat);
    CHECK((heartbeat == 0s || b.limit < heartbeat));
  }
}

TEST_CASE("a freeze at work for which there is no time, or nobody knows, is refused") {
  const auto against = [](Facts facts, MigrationRequest r = request()) { return refusal(facts, r); };
  CHECK(against(polling(800)).empty());
  CHECK(against(polling(50000)).empty());
  Facts unknown = polling(800);
  unknown.heartbeat.reset();
  CHECK(against(unknown).empty());  // not named yet
  // The list may still tell of another one.
  unknown.queue->consumers = {{"ctag", "c", "h", true, false, true, 50}};
  CHECK(against(unknown).empty());
  CHECK_THAT(backlog(unknown), Contains("heartbeats of its connection to the broker are not known"));
  unknown.admin_version.reset();
  CHECK(against(unknown).empty());  // a burst, perhaps
  CHECK_THAT(backlog(unknown), Contains("heartbeats of its connection to the broker are not known"));
  unknown.depth->ready = 1001;
  CHECK_THAT(against(unknown), Contains("heartbeats of its connection to the broker are not known"));
  unknown.depth->ready = 100;
  CHECK(against(unknown).empty());
  Facts brief = polling(800, 20, 20);
  brief.heartbeat = 2s;
  CHECK(against(brief).empty());
  brief.queue->rate_in = 25;
  CHECK_THAT(against(brief), Contains("heartbeats of 2 s allows 0.0 s"));
  Facts quorum = polling(1500);
  quorum.queue->type = "quorum";
  CHECK(against(quorum).empty());
  quorum.depth->ready = 1501;
  CHECK_THAT(against(quorum), Contains("quorum"));
  CHECK_THAT(against(polling(100001)), Contains("--max-held is 100000"));
  MigrationRequest more = request();
  more.max_held = 200000;
  CHECK_THAT(against(polling(150000), more), Contains("--freeze-limit allows 3.5 s"));
  more.freeze_limit = Millis{20000};
  CHECK(against(polling(150000), more).empty());
}

TEST_CASE("the bytes that a valve will hold are told beforehand, and more than may be are refused") {
  const auto held = [](const Facts& facts, const MigrationRequest& r = request()) {
    for (const Finding& finding : findings(facts, r))
      if (finding.check == "held") return finding.text;
    return std::string();
  };
  Facts facts = polling(2000, 20, 20);
  CHECK_THAT(held(facts), Contains("about 2000 messages") && Contains("does not say how large they are"));
  facts.queue->mean_size = 1 << 19;
  CHECK_THAT(held(facts), Contains("about 2000 messages of 1000.0 MiB") && Contains("at most 100000 of 1024.0 MiB"));
  CHECK(refusal(facts).empty());
  facts.depth->ready = 2049;
  CHECK_THAT(refusal(facts), Contains("about 2049 messages of 1024.5 MiB, and --max-held-bytes is 1024.0 MiB"));
  CHECK(held(facts).empty());
  MigrationRequest more = request();
  more.max_held_bytes = {std::uint64_t{2} << 30};
  CHECK(refusal(facts, more).empty());
  // Few that are large, of which the order would need no freeze.
  facts.depth->ready = 100;
  facts.queue->mean_size = 11e6;
  CHECK_THAT(refusal(facts), Contains("100 messages"));
  // By then more will have come.
  Facts growing = polling(1000, 1000, 20);
  growing.queue->mean_size = 500000;
  CHECK_THAT(refusal(growing), Contains("3940 messages"));
  // One that obeys needs no valve.
  facts.source_control = QueueDepth{0, 1};
  CHECK(refusal(facts).empty());
}

TEST_CASE("a quorum queue gives a valve no more than 2000 messages, nor may one of an unknown type") {
  Facts quorum = polling(1500);
  quorum.queue->type = "quorum";
  CHECK(refusal(quorum).empty());
  quorum.depth->ready = 1501;
  CHECK_THAT(refusal(quorum), Contains("1501 messages wait") && Contains("no more than 2000 at a time"));
  CHECK(refusal(polling(1501)).empty());
  Facts unknown = polling(1501);
  unknown.queue.reset();
  CHECK_THAT(against_frozen_valve(unknown, request(), 60s, 1501).value_or(Trouble{}).text,
             Contains("its type is not known"));
}

TEST_CASE("a valve never becomes the single active consumer") {
  Facts single = polling(800);
  single.queue->arguments["x-single-active-consumer"] = true;
  CHECK_THAT(refusal(single), Contains("single active consumer"));
  single.depth->ready = 60;
  CHECK_THAT(refusal(single), Contains("single active consumer"));
  single.depth->ready = 0;
  CHECK(refusal(single).empty());
  single.depth->ready = 800;
  single.source_control->consumers = 1;
  CHECK(refusal(single).empty());
}
