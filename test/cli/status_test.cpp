// `ms2m status` in a world of fakes: what runs here, what has crashed, what another machine does.
#include "support/catch.hpp"
#include "typed.hpp"

using namespace ms2m;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

struct Watching : test::Typed {
  Watching() { world.journals = {journal("m7k2q9")}; }

  static JournalSummary journal(const std::string& id, const std::string& state = "running or crashed") {
    JournalSummary made;
    made.id = id;
    made.state = state;
    made.ns = "shop";
    made.source_pod = "consumer-0";
    made.source_node = "worker-1";
    made.target_pod = "consumer-0-" + id;
    made.target_node = "worker-2";
    made.queue = "orders";
    made.started = "2026-11-29T10:00:00.000Z";
    made.pid = 17;
    made.host = "here";
    return made;
  }
  static Json state(const Json& id = nullptr) {
    return {{"kind", "state"},
            {"command", "migrate"},
            {"id", id},
            {"pid", 17},
            {"phase", "Transferring"},
            {"phase_s", 1.5},
            {"text", "send the archive"},
            {"bytes", 1024},
            {"total_bytes", 2048}};
  }
  static Json step(const std::string& text) {
    return {{"kind", "event"}, {"type", "step"}, {"at_s", 1.0}, {"phase", "Restoring"}, {"text", text}};
  }
  Standing& stands(const std::string& id = "m7k2q9") {
    Standing& standing = world.standings[id];
    standing.phase = Phase::restoring;
    standing.last = "create pod consumer-0-" + id;
    standing.open = {"declare queue ms2m." + id + ".hold", standing.last};
    return standing;
  }
  static Json lease(const std::string& id, const std::string& phase) {
    return Json::parse(R"({"metadata": {"name": "ms2m-basket-0", "namespace": "default", "labels": {"ms2m.io/id": ")" +
                       id + R"("}, "annotations": {"ms2m.io/phase": ")" + phase + R"(", "ms2m.io/queue": "baskets",
      "ms2m.io/target-pod": "basket-0-x", "ms2m.io/target-node": "worker-3"}},
      "spec": {"holderIdentity": "ops@there pid 4", "acquireTime": "2026-11-29T09:00:00.000000Z"}})");
  }
};

}  // namespace

TEST_CASE("status: what runs here says itself how far it is") {
  Watching user;
  user.stands().under_way = true;
  user.world.tellers = {{17, {Watching::state()}}};
  CHECK(user.run({"status", "--local"}) == 0);
  CHECK_THAT(user.out, Contains("m7k2q9  running") && Contains("shop/consumer-0") && Contains("Transferring 1.5s") &&
                           Contains("1.0 KiB of 2.0 KiB"));
  CHECK(user.run({"status", "m7k2q9"}) == 0);
  CHECK_THAT(user.out, Contains("running") && Contains("send the archive") && Contains("pid 17 on here") &&
                           Contains("declare queue ms2m.m7k2q9.hold"));
  CHECK(user.run({"status", "m7k2q9", "-o", "json"}) == 0);
  const Json item = Json::parse(user.out).at("items").at(0);
  CHECK(item.at("state") == "running");
  CHECK(item.at("phase_s") == 1.5);
  CHECK(item.at("total_bytes") == 2048);
  CHECK(item.at("open").size() == 2);
  CHECK(item.at("ended").is_null());
  CHECK(user.world.calls.empty());
}

TEST_CASE("status: who goes on with it is another process than who began it") {
  Watching user;
  user.stands().under_way = true;
  Json other = Watching::state("m7k2q9");
  other["pid"] = 99;
  user.world.tellers = {{17, {Watching::state("mother")}}, {99, {other}}};
  Json later = Watching::state();  // another one by now
  later["started"] = "2026-11-29T10:00:01.000Z";
  user.world.tellers.insert(user.world.tellers.begin(), {17, {later}});
  Json beside = Watching::state();
  beside["pod"] = "shop/consumer-1";
  user.world.tellers.insert(user.world.tellers.begin(), {17, {beside}});
  CHECK(user.run({"status", "m7k2q9"}) == 0);
  CHECK_THAT(user.out, Contains("running") && Contains("Transferring"));
}

TEST_CASE("status: one that runs and does not answer is no crashed one; without a socket the journal alone speaks") {
  Watching user;
  user.stands().under_way = true;
  user.world.tellers = {{17, {nullptr}}};
  CHECK(user.run({"status", "m7k2q9"}) == 0);
  CHECK_THAT(user.out, Contains("silent") && Contains("Restoring") && !Contains("next"));
  CHECK(user.run({"status", "m7k2q9", "--follow"}) == 4);
  CHECK_THAT(user.err, Contains("does not answer") && Contains("let it go on"));
  user.world.tellers.clear();
  CHECK(user.run({"status", "m7k2q9"}) == 0);
  CHECK_THAT(user.out, Contains("running") && Contains("create pod consumer-0-m7k2q9"));
  CHECK(user.run({"status", "m7k2q9", "--follow"}) == 4);
  CHECK_THAT(user.err, Contains("tells nothing"));
}

TEST_CASE("status: what another version tells is shown as far as it is understood") {
  Watching user;
  user.stands().under_way = true;
  Json odd = Watching::state();
  odd["text"] = nullptr;
  odd["phase"] = 7;
  odd["bytes"] = -1;
  odd["total_bytes"] = "many";
  user.world.tellers = {{17, {odd}}};
  CHECK(user.run({"status", "m7k2q9"}) == 0);
  CHECK_THAT(user.out, Contains("running"));
}

TEST_CASE("status: what has crashed says what to type, before the pivot and after it") {
  Watching user;
  user.stands();
  CHECK(user.run({"status", "--local"}) == 0);
  CHECK_THAT(user.out, Contains("crashed") && Contains("ms2m abort m7k2q9"));
  user.world.journals[0].pivoted = true;
  CHECK(user.run({"status", "m7k2q9"}) == 0);
  CHECK_THAT(user.out, Contains("crashed") && Contains("ms2m resume m7k2q9"));
  CHECK(user.run({"status", "m7k2q9", "--follow"}) == 3);
}

TEST_CASE("status: what is over is not under way, and is told by its ID") {
  Watching user;
  user.world.journals = {Watching::journal("m7k2q9", "done"), Watching::journal("mundone", "undone")};
  Standing& standing = user.stands();
  standing.ended = Result::done;
  standing.ended_at = "2026-11-29T10:00:05.000Z";
  standing.open.clear();
  CHECK(user.run({"status", "--local"}) == 0);
  CHECK(user.out == "No migration is under way on this machine.\n");
  CHECK(user.run({"status", "m7k2q9"}) == 0);
  CHECK_THAT(user.out, Contains("done") && Contains("10:00:05") && !Contains("phase"));
  CHECK(user.run({"status", "m7k2q9", "--follow"}) == 0);
  CHECK(user.run({"status", "mundone", "--follow"}) == 1);
}

TEST_CASE("status --follow tells each step until the end, and exits as that command does") {
  const bool json = GENERATE(false, true);
  Watching user;
  user.stands().under_way = true;
  user.world.tellers = {{17, {Watching::state(), Watching::step("create the copy"), Watching::step("pivot")}}};
  user.world.tellers[0].second.push_back({{"kind", "event"}, {"type", "of a later ms2m"}});
  user.world.ended = [&] {
    user.world.tellers.clear();
    user.world.journals[0].state = "undone";
    Standing& standing = user.stands();
    standing.under_way = false;
    standing.ended = Result::undone;
  };
  std::vector<std::string> typed{"status", "m7k2q9", "--follow"};
  if (json) typed.insert(typed.end(), {"-o", "json"});
  CHECK(user.run(typed) == 1);
  if (json) {
    CHECK_THAT(user.out, Contains(R"("text":"create the copy")") && Contains(R"("text":"pivot")"));
  } else {
    CHECK_THAT(user.out, Contains("create the copy") && Contains("pivot") && Contains("undone"));
  }
}

TEST_CASE("status: another machine's migration is seen by its lease") {
  Watching user;
  user.world.journals.clear();
  user.world.cluster->leases = {Watching::lease("mthere", "Restoring"),
                                Json::parse(R"({"metadata": {"name": "other"}})")};
  CHECK(user.run({"status"}) == 0);
  CHECK_THAT(user.out, Contains("mthere  elsewhere  default/basket-0") && Contains("worker-3") && Contains("baskets") &&
                           Contains("Restoring") && !Contains("other"));
  CHECK(user.run({"status", "mthere"}) == 0);
  CHECK_THAT(user.out, Contains("ops@there pid 4") && Contains("basket-0-x on worker-3"));
  user.world.cluster->lease_states = {Watching::lease("mthere", "Restoring"), Watching::lease("mthere", "Finalizing")};
  CHECK(user.run({"status", "mthere", "--follow"}) == 1);
  CHECK_THAT(user.out, Contains("Restoring") && Contains("Finalizing"));
  CHECK_THAT(user.err, Contains("pod basket-0-x is not on worker-3"));
  user.world.cluster->pods["basket-0-x"] = {{"metadata", {{"name", "basket-0-x"}}},
                                            {"spec", {{"nodeName", "worker-3"}}}};
  CHECK(user.run({"status", "mthere", "--follow"}) == 0);
  CHECK_THAT(user.err, Contains("migration mthere is over"));
  CHECK(user.run({"status", "mnone"}) == 4);
  CHECK_THAT(user.err, Contains("there is no migration mnone"));
  CHECK(user.run({"status", "mnone", "--local"}) == 4);
  CHECK(user.run({"status", "--follow"}) == 2);
}

TEST_CASE("status: a cluster that cannot be asked hides nothing of this machine") {
  Watching user;
  user.stands();
  user.world.cluster->failure = Error(ErrorKind::unavailable, "the API server does not answer");
  CHECK(user.run({"status"}) == 0);
  CHECK_THAT(user.out, Contains("crashed"));
  CHECK_THAT(user.err, Contains("was not found out") && Contains("does not answer"));
  CHECK(user.run({"status", "--context", "nowhere"}) == 0);
  CHECK_THAT(user.err, Contains("nowhere"));
}

TEST_CASE("migrate, abort and resume can be listened to, and nothing else") {
  Watching user;
  user.run({"abort", "m7k2q9"});
  user.run({"resume", "m7k2q9"});
  user.run({"migrate", "pod/consumer-0", "--to", "worker-2"});
  user.run({"list"});
  user.run({"cleanup"});
  CHECK(user.world.told == std::vector<std::string>{"abort m7k2q9", "resume m7k2q9", "migrate "});
}
