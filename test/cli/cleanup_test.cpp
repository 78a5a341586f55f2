// cleanup --dry-run and --all: what is said, what is asked for, and what is left alone.
#include "kube/objects/lease.hpp"
#include "support/catch.hpp"
#include "typed.hpp"

using namespace ms2m;
using Catch::Contains;

namespace {

struct User : test::Typed {
  User() {
    variables["MS2M_BROKER"] = "amqp://rabbit";
    add("mdone", "done");
    add("mcrash", "running or crashed");
    add("mruns", "running or crashed");
    world.standings["mcrash"].open = {"declare queue ms2m.mcrash.hold"};
    world.standings["mruns"].under_way = true;
  }
  void add(const std::string& id, const std::string& state) {
    JournalSummary journal = test::journal_here();
    journal.id = id;
    journal.state = state;
    journal.ns = "default";
    journal.pid = 17;
    journal.host = "here";
    world.journals.push_back(journal);
  }
  /// Of a migration that some other machine has begun.
  void add_lease(const std::string& id) {
    world.cluster->leases.push_back(make_lease(
        "default", "ms2m-" + id + "-pod", {"", id, "root@there pid 3", "Preparing"}, "2026-11-29T10:00:00.000000Z"));
  }
};

}  // namespace

TEST_CASE("cleanup --dry-run says what would be done, and does nothing") {
  User user;
  CHECK(user.run({"cleanup", "--dry-run"}) == 0);
  CHECK_THAT(user.out, Contains("Migration mdone of default/consumer-0 is over: its journal would be removed.\n"));
  CHECK_THAT(user.out, Contains("Migration mcrash of default/consumer-0 would be undone:\n"
                                "  - declare queue ms2m.mcrash.hold\n"));
  CHECK_THAT(user.out, Contains("mruns of default/consumer-0 is under way (pid 17 on here) and would be left alone"));
  CHECK(user.run({"cleanup", "mcrash", "--dry-run", "-o", "json"}) == 0);
  const Json json = Json::parse(user.out);
  CHECK(json["kind"] == "cleanup");
  CHECK(json["remnants"].is_null());
  REQUIRE(json["items"].size() == 1);
  CHECK(json["items"][0]["state"] == "unfinished");
  CHECK(json["items"][0]["open"] == Json::array({"declare queue ms2m.mcrash.hold"}));
  CHECK(user.world.calls.empty());
  CHECK(user.world.forgotten.empty());
}

TEST_CASE("cleanup --all looks for what has no journal here, and for that alone") {
  User user;
  user.world.outcome.result = Result::undone;
  user.add_lease("mcrash");
  user.add_lease("mother");
  user.world.remnants["mother"] = {{"mother", "queue ms2m.mother.hold", true, "", ""},
                                   {"mother", "pod default/copy", false, "it has run", "kubectl get pod copy"}};
  SECTION("to remove it") {
    CHECK(user.run({"cleanup", "--all"}) == 0);
    CHECK(user.world.calls[0] == "remove remnants of mother");
    CHECK(user.world.calls[1] == "remove remnants of ");
    CHECK(user.world.known == std::vector<std::string>{"mdone", "mcrash", "mruns", "mother"});
    CHECK_THAT(user.out, Contains("Removed: queue ms2m.mother.hold, of migration mother\n"));
    CHECK_THAT(user.out,
               Contains("Kept: pod default/copy, of migration mother: it has run\n    kubectl get pod copy\n"));
  }
  SECTION("to say it") {
    CHECK(user.run({"cleanup", "--all", "--dry-run"}) == 0);
    CHECK(user.world.calls == std::vector<std::string>{"remnants of mother", "remnants of "});
    CHECK_THAT(user.out, Contains("Would be removed: queue ms2m.mother.hold"));
  }
  SECTION("not without --all") {
    CHECK(user.run({"cleanup", "mcrash", "-o", "json"}) == 0);
    CHECK(Json::parse(user.out)["remnants"].is_null());
    CHECK(user.world.calls == std::vector<std::string>{"cleanup mcrash"});
  }
}

TEST_CASE("cleanup --all takes nothing for gone that it could not ask for") {
  User user;
  user.world.journals.clear();
  user.add_lease("mother");
  user.world.broker_failure = Error(ErrorKind::unavailable, "rabbit does not answer");
  CHECK(user.run({"cleanup", "--all"}) == 4);
  CHECK(user.world.calls.empty());
  CHECK_THAT(user.out + user.err, Contains("rabbit does not answer"));
  CHECK(user.run({"cleanup", "--all", "--dry-run", "-o", "json"}) == 4);
  CHECK_THAT(Json::parse(user.out)["errors"].at(0)["message"].get<std::string>(), Contains("rabbit does not answer"));
}

TEST_CASE("--all and one migration are two things") {
  User user;
  CHECK(user.run({"cleanup", "mcrash", "--all"}) == 2);
  CHECK(user.world.calls.empty());
}
