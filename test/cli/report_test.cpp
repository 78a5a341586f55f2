// The reports against golden files, and the units.
#include "golden.hpp"
#include "report/outcome_report.hpp"
#include "report/phase_table.hpp"
#include "report/plan_report.hpp"
#include "report/units.hpp"
#include "samples.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::report;

TEST_CASE("durations read like those of baseline.md") {
  CHECK(duration(Seconds(0.478)) == "478ms");
  CHECK(duration(Seconds(0.0262)) == "26ms");
  CHECK(duration(Seconds(5.92)) == "5.9s");
  CHECK(duration(Seconds(0.9996)) == "1.0s");
  CHECK(duration(Seconds(39.1)) == "39.1s");
  CHECK(duration(Seconds(725)) == "12m05s");
  CHECK(duration(Seconds(-1)) == "0ms");
}

TEST_CASE("percentages read like those of baseline.md") {
  CHECK(percent(Seconds(0.478), Seconds(55.7)) == "0.9%");
  CHECK(percent(Seconds(0.026), Seconds(55.7)) == "<0.1%");
  CHECK(percent(Seconds(1), Seconds(1)) == "100%");
  CHECK(percent(Seconds(0), Seconds(1)) == "0.0%");
  CHECK(percent(Seconds(1), Seconds(0)) == "-");
}

TEST_CASE("sizes") {
  CHECK(size(Bytes{512}) == "512 B");
  CHECK(size(Bytes{20230144}) == "19.3 MiB");
  CHECK(size(Bytes{std::uint64_t{3} << 30U}) == "3.0 GiB");
}

TEST_CASE("what a server says cannot steer the terminal") {
  CHECK(printable("a\x1b[2Jb\r\nc\x7f") == "a [2Jb  c ");
  CHECK(printable("\xC2\x9B"
                  "31m") == "  31m");
  CHECK(printable("d\xC3\xA9j\xC3\xA0") == "d\xC3\xA9j\xC3\xA0");
  CHECK(fit("d\xC3\xA9j\xC3\xA0vu", 5) == "d\xC3\xA9...");
}

TEST_CASE("a finished migration") {
  test::check_golden("done.txt", success_text(test::shadow_outcome()));
  test::check_golden("done_verbose.txt", success_text(test::shadow_outcome(), Detail::more));
  CHECK(failure_text(test::shadow_outcome()).empty());
  test::check_golden("done.json", outcome_json(test::shadow_outcome(), "migrate", 0).dump(2) + "\n");
}

TEST_CASE("a failure that was undone") {
  CHECK(success_text(test::undone_outcome()).empty());
  test::check_golden("undone.txt", failure_text(test::undone_outcome()));
  test::check_golden("undone.json", outcome_json(test::undone_outcome(), "migrate", 1).dump(2) + "\n");
}

TEST_CASE("what is undone for a run that was killed has no cause to be named") {
  Outcome outcome = test::undone_outcome();
  outcome.error.clear();
  outcome.failed_phase.reset();
  CHECK_THAT(failure_text(outcome), Catch::Matchers::StartsWith("undone, for it had ended before its pivot"));
  outcome.result = Result::leftovers;
  CHECK_THAT(failure_text(outcome), Catch::Matchers::StartsWith("failed\n"));
}

TEST_CASE("a failure with leftovers names the commands that remove them") {
  test::check_golden("leftovers.txt", failure_text(test::leftover_outcome()));
}

TEST_CASE("an interruption needs no second word for itself") {
  Outcome outcome = test::undone_outcome();
  outcome.interrupted = true;
  outcome.error = "interrupted";
  CHECK_THAT(failure_text(outcome), Catch::Matchers::StartsWith("interrupted while Restoring\n"));
}

TEST_CASE("a refusal says that nothing was touched") {
  Outcome outcome;
  outcome.result = Result::refused;
  outcome.error = "node worker-9 does not exist";
  outcome.remedy = "kubectl get nodes";
  test::check_golden("refused.txt", failure_text(outcome));
}

TEST_CASE("migrated, but something is left") {
  Outcome outcome = test::shadow_outcome();
  outcome.result = Result::cleanup_incomplete;
  outcome.leftovers = {{"image localhost/ms2m/consumer-0:m7k2q9 on worker-2", "ssh worker-2 podman rmi x"}};
  CHECK_FALSE(success_text(outcome).empty());
  test::check_golden("cleanup_incomplete.txt", failure_text(outcome));
}

TEST_CASE("every key of an outcome is always there") {
  const Json full = outcome_json(test::shadow_outcome(), "migrate", 0);
  const Json empty = outcome_json(Outcome{}, "migrate", 0);
  for (const auto& [key, value] : full.items()) {
    INFO(key);
    CHECK(empty.contains(key));
  }
  CHECK(full.size() == empty.size());
}

TEST_CASE("several outcomes") {
  const Json json = outcomes_json({test::undone_outcome(), test::leftover_outcome()}, "cleanup", 3);
  CHECK(json["items"].size() == 2);
  CHECK(json["items"][0]["exit_status"] == 1);
  CHECK(json["items"][1]["exit_status"] == 130);
  CHECK(json["exit_status"] == 3);
}

TEST_CASE("a plan and its check") {
  const Plan plan = test::deployment_plan();
  test::check_golden("plan.txt", plan_text(plan, {}));
  test::check_golden("plan.json", plan_json(plan, {}, 4).dump(2) + "\n");
  test::check_golden("check.txt", check_text(plan, {}));
  test::check_golden("check.json", check_json(plan, {}, 4).dump(2) + "\n");
}

TEST_CASE("an abort that undid everything is a success") {
  test::check_golden("aborted.txt", aborted_text(test::undone_outcome()));
}

TEST_CASE("a question that could not be asked is told from an answer") {
  Plan plan = test::deployment_plan();
  plan.findings = {{"broker", Level::refusal, "secrets are forbidden", "grant it", false}};
  CHECK_THAT(check_text(plan, {}), Catch::Contains("refusal  broker    could not be asked: secrets are forbidden"));
  const Json finding = check_json(plan, {}, 4)["findings"][0];
  CHECK(finding["asked"] == false);
  CHECK(finding["reason"] == "could not be asked: secrets are forbidden");
}
