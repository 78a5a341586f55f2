// `ms2m status` in a world of fakes: what runs here, what has crashed, what another machine does.
#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <streambuf>

#include "support/catch.hpp"
#include "typed.hpp"

using namespace ms2m;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

/// What several threads write, each time whole.
class Locked final : public std::streambuf {
 public:
  /// What was written until now is none of it.
  void take() {
    const std::lock_guard lock(mutex_);
    text_.clear();
  }
  /// Something, within a minute.
  std::string await() {
    std::unique_lock lock(mutex_);
    CHECK(written_.wait_for(lock, std::chrono::seconds(60), [this] { return !text_.empty(); }));
    return text_;
  }

 private:
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    const std::lock_guard lock(mutex_);
    text_.append(text, static_cast<std::size_t>(size));
    written_.notify_all();
    return size;
  }
  int_type overflow(int_type c) override {
    const char one = traits_type::to_char_type(c);
    xsputn(&one, 1);
    return c;
  }
  std::mutex mutex_;
  std::condition_variable written_;
  std::string text_;
};

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
  /// What is written when somebody asks, while the command runs.
  std::string asked(const std::vector<std::string>& arguments) {
    const int question = ::eventfd(0, EFD_NONBLOCK);
    const std::uint64_t once = 1;
    std::string told;
    world.cluster->pods["consumer-0"] = Json::parse(R"({"metadata": {"name": "consumer-0", "namespace": "default",
      "annotations": {"ms2m.io/queue": "q"}}, "spec": {"containers": [{"name": "app", "env": [
      {"name": "RABBITMQ_URL", "value": "amqp://rabbit:5672/"}]}]}})");
    Locked locked;
    std::ostream errors(&locked);
    world.migrated = [&](const MigrationRequest&) {
      locked.take();
      REQUIRE(::write(question, &once, sizeof once) == sizeof once);
      told = locked.await();
      return world.outcome;
    };
    test::FakeBackend backend(world);
    std::ostringstream result;
    cli::run(arguments, cli::Environment(variables), {result, errors, false, 80, question}, backend, stop.token());
    ::close(question);
    return told;
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

TEST_CASE("status --follow: a hook that failed is its exit status, too") {
  Watching user;
  user.world.journals = {Watching::journal("m7k2q9", "done")};
  user.stands().ended = Result::done;
  const auto kept = [&](const Json& status) {
    user.world.kept["m7k2q9"] = {{"command", "migrate"}, {"exit_status", status}};
    return user.run({"status", "m7k2q9", "--follow"});
  };
  CHECK(kept(6) == 6);
  CHECK(kept(0) == 0);
  CHECK(kept(nullptr) == 0);
  CHECK(kept(5) == 5);
  CHECK(kept(130) == 0);  // behind its pivot it went on to its end
  user.world.journals[0].state = "undone";
  user.stands().ended = Result::undone;
  CHECK(kept(130) == 1);  // who follows was not interrupted
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

TEST_CASE("set: the ms2m that runs it is told, and what it answers is the command's") {
  Watching user;
  const Json yes{{"kind", "answer"}, {"ok", true}}, event = Watching::step("between");
  user.world.tellers = {{17, {Watching::state("m7k2q9"), event, yes}}};
  CHECK(user.run({"set", "m7k2q9", "--bandwidth", "20M", "--downtime-limit", "1s"}) == 0);
  CHECK_THAT(user.out, Contains("downtime limit 1s and bandwidth 20M"));
  REQUIRE(user.world.said.size() == 1);
  CHECK(user.world.said[0].at("kind") == "set");
  CHECK(user.world.said[0].at("id") == "m7k2q9");
  CHECK(user.world.said[0].at("bandwidth") == 20000000);
  CHECK(user.world.said[0].at("downtime_limit_ms") == 1000);
  CHECK(user.run({"set", "m7k2q9", "--bandwidth", "off", "-o", "json"}) == 0);
  CHECK(Json::parse(user.out).at("bandwidth") == 0);
  CHECK_FALSE(Json::parse(user.out).contains("downtime_limit_ms"));
  user.variables = {{"MS2M_BANDWIDTH", "5M"}, {"MS2M_DOWNTIME_LIMIT", "soon"}};  // of those that begin
  CHECK(user.run({"set", "m7k2q9", "--bandwidth", "20M"}) == 0);
  REQUIRE(user.world.said.size() == 3);
  CHECK(user.world.said[2].at("bandwidth") == 20000000);
  CHECK_FALSE(user.world.said[2].contains("downtime_limit_ms"));
  CHECK(user.run({"set", "m7k2q9"}) == 2);
  user.variables.clear();
  user.world.tellers = {
      {17, {Watching::state("m7k2q9"), {{"kind", "answer"}, {"ok", false}, {"error", "too late: x"}}}}};
  CHECK(user.run({"set", "m7k2q9", "--bandwidth", "1M"}) == 4);
  CHECK_THAT(user.err, Contains("too late: x"));
}

TEST_CASE("set: what is unknown, over, elsewhere or silent is refused, and nobody is told") {
  Watching user;
  CHECK(user.run({"set", "mother", "--bandwidth", "1M"}) == 4);
  CHECK_THAT(user.err, Contains("no journal of a migration mother"));
  CHECK(user.run({"set", "m7k2q9", "--bandwidth", "1M"}) == 4);
  CHECK_THAT(user.err, Contains("is not under way on this machine") && Contains("ms2m status m7k2q9"));
  user.world.tellers = {{17, {nullptr}}};
  CHECK(user.run({"set", "m7k2q9", "--bandwidth", "1M"}) == 4);
  CHECK_THAT(user.err, Contains("pid 17") && Contains("does not answer"));
  CHECK(user.world.said.empty());
  user.world.tellers = {{17, {Watching::state("m7k2q9"), nullptr}}};  // one of an earlier release
  CHECK(user.run({"set", "m7k2q9", "--bandwidth", "1M"}) == 4);
  CHECK_THAT(user.err, Contains("does not answer"));
  user.world.tellers = {{17, {Watching::state("m7k2q9")}}};
  CHECK(user.run({"set", "m7k2q9", "--bandwidth", "1M"}) == 4);
  CHECK_THAT(user.err, Contains("has just ended"));
}

TEST_CASE("SIGUSR1: what this process moves is told, as status would, and nothing else") {
  Watching user;
  user.world.journals[0].pid = ::getpid();
  user.stands().under_way = true;
  Json own = Watching::state();
  own["started"] = "2026-11-29T09:59:59.000Z";
  Json early = own;
  early["pod"] = "shop/basket-0";
  user.world.tellers = {{17, {Watching::state("mother")}}, {::getpid(), {own}}, {::getpid(), {early}}};
  const bool lines = GENERATE(false, true);
  const std::string told =
      user.asked({"--progress", lines ? "jsonl" : "none", "migrate", "pod/consumer-0", "--to", "worker-2"});
  CHECK_THAT(told, !Contains("mother"));
  if (lines) {
    REQUIRE(std::count(told.begin(), told.end(), '\n') == 1);
    const Json items = Json::parse(told).at("items");
    REQUIRE(items.size() == 2);
    CHECK(items[0].at("id") == "m7k2q9");
    CHECK(items[0].at("phase") == "Transferring");
    CHECK(items[1].at("phase") == "Transferring");
  } else {
    CHECK_THAT(told, Contains("migration  m7k2q9") && Contains("state      running") && Contains("send the archive"));
  }
}
