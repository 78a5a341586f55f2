// What is made of the results that migrations have left.
#include "report/moves.hpp"
#include "report/markup.hpp"
#include "report/outcome_report.hpp"
#include "samples.hpp"
#include "support/catch.hpp"
#include "typed.hpp"

using namespace ms2m;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

Json done() {
  Json move = report::outcome_json(test::shadow_outcome(), "migrate", 0);
  move["started"] = "2026-11-29T10:00:00.000Z";
  return move;
}

Json undone() {
  Json move = report::outcome_json(test::undone_outcome(), "migrate", 1);
  move["started"] = "2026-11-29T11:00:00.000Z";
  return move;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

JournalSummary journal(const std::string& id, const std::string& started) {
  JournalSummary made;
  made.id = id;
  made.started = started;
  made.state = "done";
  return made;
}

}  // namespace

TEST_CASE("report: who asked for a document gets one, also when there is nothing to show") {
  test::Typed typed;
  const auto refused = [&](const std::vector<std::string>& words) {
    CHECK(typed.run(words) == 4);
    CHECK_THAT(typed.err, Contains("no journal of a migration nope"));
    return typed.out;
  };
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"report", "nope", "-o", "json"}, {"-o", "json", "report", "nope"}, {"report", "--output=json", "nope"}}) {
    const Json document = Json::parse(refused(words));
    CHECK(document.at("command") == "report");
    CHECK(document.at("exit_status") == 4);
  }
  CHECK_THAT(refused({"report", "nope", "-o", "yaml"}), Contains("exit_status: 4"));
  typed.variables["MS2M_OUTPUT"] = "json";
  CHECK(Json::parse(refused({"report", "nope"})).at("command") == "report");
  CHECK(refused({"report", "nope", "-o", "csv"}).empty());
}

TEST_CASE("report: a row each, the numbers as they were measured") {
  CHECK(report::moves_csv({done()}) ==
        "run,msg_rate,configuration,downtime_ms,total_time_s,checkpoint_s,transfer_s,restore_s,replay_s,finalize_s,"
        "status\n"
        "m7k2q9,9.96,shadow-direct,240,2.19,0.478,0.611,0.9,0.2004,0.0006,done\n");
  Json odd = undone();
  odd["id"] = "a\"b,c";
  CHECK_THAT(report::moves_csv({odd}), Contains("\n\"a\"\"b,c\","));
  CHECK_THAT(report::moves_text({done(), undone()}), Contains("TOTAL") && Contains("240ms") && Contains("undone"));
  CHECK(report::moves_text({}) == "No migration has left a result here.\n");
}

TEST_CASE("report: metrics, each name once, escaped") {
  Json odd = undone();
  odd["strategy"] = "a\"b\\c\nd";
  const std::string text = report::moves_metrics({done(), odd});
  CHECK(count(text, "# TYPE ms2m_migration_gap_seconds gauge\n") == 1);
  CHECK_THAT(text, Contains(R"(strategy="a\"b\\c\nd")"));
  CHECK_THAT(text,
             Contains("ms2m_migrations{result=\"done\"} 1\n") && Contains("ms2m_migrations{result=\"undone\"} 1\n"));
  CHECK_THAT(text, Contains(R"(ms2m_migration_exit_status{id="m7k2q9")"));
}

TEST_CASE("report: pictures of what was waited for, whatever its text is") {
  Json odd = done();
  odd["critical_path"][0]["what"] = "</title><script>alert('1')</script>";
  for (const std::string& text : {report::moves_svg({odd, undone()}), report::moves_html({odd, undone()})}) {
    CHECK(count(text, "<script") == 0);
    CHECK_THAT(text, Contains("&lt;script&gt;"));
    CHECK(count(text, "<g") == count(text, "</g>"));
    CHECK(count(text, "<text") == count(text, "</text>"));
    CHECK(count(text, "<rect") >= done().at("critical_path").size() + done().at("phases").size());
  }
  const std::string page = report::moves_html({done()});
  CHECK_THAT(page, StartsWith("<!doctype html>") && Contains("archive to worker-2"));
  CHECK(count(page, "http") == count(page, "http://www.w3.org/2000/svg"));
}

TEST_CASE("report: how many messages waited is drawn over the phases, each queue in its own line") {
  Json move = done();
  const std::string without = report::moves_svg({move});
  move["depths"] = {{{"at_s", 0.1}, {"queue", "app.events"}, {"messages", 3}},
                    {{"at_s", 0.5}, {"queue", "app.events"}, {"messages", 41}},
                    {{"at_s", 0.6}, {"queue", "<copy>"}, {"messages", 7}},
                    {{"at_s", nullptr}, {"queue", "odd"}, {"messages", "x"}},
                    7};
  const std::string with = report::moves_svg({move});
  CHECK(count(without, "<path") == 0);
  CHECK(count(with, "<path") == 2);
  CHECK_THAT(with, Contains("messages waiting") && Contains(">41<") && Contains("&lt;copy&gt;") && !Contains("odd"));
  CHECK_THAT(report::moves_html({move}), Contains("<path"));
}

TEST_CASE("report: a result of which nothing is known but its name still has a row and a picture") {
  const Json bare{
      {"id", "old"}, {"started", "2025"}, {"phases", 7}, {"critical_path", {1, "x", nullptr}}, {"source", "x"}};
  CHECK_THAT(report::moves_text({bare}), Contains("old"));
  CHECK_THAT(report::moves_csv({bare}), Contains("\nold,,,,,,,,,,\n"));
  CHECK_THAT(report::moves_html({bare}), Contains("old"));
  CHECK_THAT(report::moves_svg({}), StartsWith("<svg"));
}

TEST_CASE("report: what a command came to is kept, and shown in the order of its beginning") {
  test::Typed user;
  user.world.journals = {journal("mlater", "2026-11-29T11:00:00.000Z"), journal("m7k2q9", "2026-11-29T10:00:00.000Z"),
                         journal("mkilled", "2026-11-29T09:00:00.000Z")};
  user.world.kept["mlater"] = undone();
  user.world.kept["m7k2q9"] = done();
  CHECK(user.run({"report", "-o", "json"}) == 0);
  const Json items = Json::parse(user.out).at("items");
  REQUIRE(items.size() == 2);
  CHECK(items[0].at("started") == "2026-11-29T10:00:00.000Z");
  CHECK(user.run({"-o", "json", "report", "mlater"}) == 0);
  CHECK(Json::parse(user.out).at("items").size() == 1);
  CHECK(user.run({"report", "-o", "csv"}) == 0);
  const std::string csv = user.out;
  CHECK(user.run({"report", "-o=csv"}) == 0);
  CHECK(user.out == csv);
  for (const char* word : {"csv", "svg", "html", "table"}) {
    CHECK(user.run({"report", "-o", word}) == 0);
    CHECK_FALSE(user.out.empty());
  }
  CHECK(user.run({"report", "-o", "pdf"}) == 2);
  CHECK_THAT(user.err, Contains("table, json, yaml, name, jsonpath=TEMPLATE, csv, svg, html"));
  CHECK(user.run({"report", "--textfile", "/nowhere/x", "-o", "csv"}) == 2);
  CHECK(user.run({"report", "mkilled"}) == 4);
  CHECK_THAT(user.err, Contains("ms2m status mkilled"));
  CHECK(user.run({"report", "mnone"}) == 4);
  for (const char* word : {"", "json", "csv", "name", "jsonpath={.items}"}) {  // a variable is for who can use it
    if (*word != '\0') user.variables["MS2M_OUTPUT"] = word;
    CHECK(user.run({"report", "--textfile", "/nowhere/x"}) == 4);
    CHECK_THAT(user.err, Contains("/nowhere/x"));
  }
  user.variables["MS2M_TEXTFILE"] = "/nowhere/x";
  CHECK(user.run({"report"}) == 4);
  CHECK(user.run({"report", "-o", "jsonpath={.kind}"}) == 0);
  CHECK(user.out == "report");
}

TEST_CASE("report: a disk that is full fails no migration") {
  test::Typed user;
  user.world.journals = {journal("m7k2q9", "2026-11-29T10:00:00.000Z")};
  user.world.journals[0].server = "https://fake";
  user.world.journals[0].cluster_uid = "uid-1";
  user.world.journals[0].source_pod = "consumer-0";
  user.world.cluster->pods["consumer-0"] = Json::parse(R"({
    "metadata": {"name": "consumer-0", "namespace": "default"},
    "spec": {"containers": [{"name": "app", "env": [{"name": "RABBITMQ_URL", "value": "amqp://rabbit:5672/"}]}]}})");
  user.world.outcome = test::shadow_outcome();
  CHECK(user.run({"resume", "m7k2q9"}) == 0);
  CHECK(user.world.kept.at("m7k2q9").at("command") == "resume");
  user.world.disk_full = true;
  CHECK(user.run({"resume", "m7k2q9"}) == 0);
  CHECK_THAT(user.err, Contains("was not kept") && Contains("disk is full"));
}
