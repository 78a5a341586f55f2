// When hooks run, and what follows from one that fails, on fakes.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <iterator>

#include "engine/depth_log.hpp"
#include "journal/journal.hpp"
#include "kube/objects/lease.hpp"
#include "ms2m/error.hpp"
#include "on_fakes.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Matchers::Contains;

namespace {

/// Says what the world looked like when each ran.
struct Told final : Hooks {
  explicit Told(OnFakes& of) : world(of) {}
  void run(const Hook& hook, const Outcome& so_far, const StopToken& stop) override {
    told.push_back(hook.command);
    outcomes.push_back(so_far);
    limits.push_back(stop.deadline().has_value());
    if (act) act(hook);
    if (hook.command == failing) throw Error(ErrorKind::failed, "exit status 3");
    if (hook.command == hanging) throw Error(ErrorKind::timeout, "timed out");
    stop.check("the hook");
  }
  OnFakes& world;
  std::vector<std::string> told;
  std::vector<Outcome> outcomes;
  std::vector<bool> limits;
  std::string failing, hanging;
  std::function<void(const Hook&)> act;
};

struct Noted final : Observer {
  void on(const Event& event) noexcept override {
    if (event.type == Event::Type::warning) warnings.push_back(event.text);
  }
  bool warned(const std::string& part) const {
    return std::any_of(warnings.begin(), warnings.end(),
                       [&](const std::string& each) { return each.find(part) != std::string::npos; });
  }
  std::vector<std::string> warnings;
};

struct Hooked : OnFakes {
  explicit Hooked(Strategy strategy = Strategy::handoff) : OnFakes(strategy) {
    request.hooks = {{HookPoint::before_quiet, "quiet-1"},
                     {HookPoint::end, "end"},
                     {HookPoint::before_quiet, "quiet-2"},
                     {HookPoint::after_pivot, "pivot"}};
  }
  Outcome run(const StopToken& stop = {}) {
    FakeBroker broker(server);
    const FakePorts ports(nodes, broker);
    outcome = Migrator(ports.all, JournalStore(root), noted, {&hooks, &dials}).migrate(request, {}, stop);
    return outcome;
  }
  Told hooks{*this};
  Noted noted;
  Dials dials;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("hooks run at their points, in their order, each once", "[hooks]") {
  const Strategy strategy = GENERATE(Strategy::handoff, Strategy::shadow, Strategy::sequential, Strategy::replay);
  INFO(to_string(strategy));
  Hooked move(strategy);
  bool quiet_early = false;
  std::size_t serving = 0;
  move.hooks.act = [&](const Hook& hook) {
    const SimConsumer* source = move.nodes.consumer_of("consumer-0");
    if (hook.at == HookPoint::before_quiet) quiet_early = source == nullptr || source->queue() != "app.events";
    if (hook.at == HookPoint::after_pivot) serving = move.server.consumers("app.events").size();
  };
  REQUIRE(move.run().result == Result::done);
  CHECK(move.hooks.told == Names{"quiet-1", "quiet-2", "pivot", "end"});
  CHECK(move.hooks.limits == std::vector<bool>(4, true));
  CHECK_FALSE(quiet_early);
  CHECK(serving == 1);
  CHECK(move.hooks.outcomes[0].serving.who == ServedBy::source);
  CHECK(move.hooks.outcomes[2].serving.who == ServedBy::target);
  CHECK(move.hooks.outcomes[2].measures.gap.has_value());
  CHECK(move.hooks.outcomes[3].result == Result::done);
  CHECK(move.outcome.hooks.size() == 4);
  CHECK(exit_status(move.outcome) == 0);
  const Journal journal = Journal::read(move.root, move.outcome.id);
  CHECK_FALSE(journal.hooks_missing(HookPoint::end));
  CHECK(journal.begin().at("hooks") == Json{{"before-quiet", 2}, {"after-pivot", 1}, {"end", 1}});
  CHECK(journal.begin().dump().find("quiet-1") == std::string::npos);  // no command
}

TEST_CASE("a source that stands frozen does not wait for a hook", "[hooks]") {
  Hooked move;
  ConsumerOptions options;
  options.control = ConsumerOptions::Control::none;
  move.nodes.set_eager_kubelet();
  move.nodes.start_pod("consumer-0", move.request.queue, "", options);
  move.request.protocol = Protocol::none;
  std::vector<std::string> pods;
  move.hooks.act = [&](const Hook& hook) {
    if (hook.at == HookPoint::after_pivot) pods = move.nodes.pods();
  };
  move.run();
  INFO(move.outcome.error);
  REQUIRE(move.outcome.result == Result::done);
  CHECK(move.hooks.told == Names{"quiet-1", "quiet-2", "pivot", "end"});
  REQUIRE(pods.size() == 1);
  CHECK(pods.front().ends_with("@worker-2"));
  CHECK(move.hooks.outcomes[2].serving.who == ServedBy::target);
}

TEST_CASE("a hook that fails before the source is quiet undoes the move, and those of the end run", "[hooks]") {
  Hooked move;
  SECTION("failed") { move.hooks.failing = "quiet-1"; }
  SECTION("not in time") { move.hooks.hanging = "quiet-1"; }
  const Outcome outcome = move.run();
  CHECK(outcome.result == Result::undone);
  CHECK(exit_status(outcome) == 1);
  CHECK_THAT(outcome.error, Contains("hook before-quiet failed"));
  CHECK(move.hooks.told == Names{"quiet-1", "end"});
  CHECK(move.hooks.outcomes.back().result == Result::undone);
  CHECK(move.server.consumers("app.events").size() == 1);
  CHECK(move.nodes.debris() == std::vector<std::string>{});
}

TEST_CASE("a hook that fails once the target serves is said, and the move is done all the same", "[hooks]") {
  const std::string which = GENERATE("pivot", "end");
  Hooked move;
  move.hooks.failing = which;
  const Outcome outcome = move.run();
  CHECK(outcome.result == Result::done);
  CHECK(exit_status(outcome) == 6);
  CHECK(move.hooks.told == Names{"quiet-1", "quiet-2", "pivot", "end"});
  REQUIRE(failed_hook(outcome) != nullptr);
  CHECK(failed_hook(outcome)->failure == "exit status 3");
  CHECK(move.noted.warned("failed: exit status 3"));
  CHECK(move.nodes.pods().at(0).ends_with("@worker-2"));
}

TEST_CASE("an interruption ends the hook that runs, and those of the end run after it", "[hooks]") {
  Hooked move;
  StopSource stop;
  move.hooks.act = [&](const Hook& hook) {
    if (hook.command == "quiet-1") stop.request_stop();
  };
  const Outcome outcome = move.run(stop.token());
  CHECK(exit_status(outcome) == 130);
  CHECK(move.hooks.told == Names{"quiet-1", "end"});
  CHECK(outcome.hooks.back().failure == "");
}

TEST_CASE("a move that is refused before anything was touched runs no hook", "[hooks]") {
  Hooked move;
  move.request.pod = "nobody";
  CHECK(move.run().result == Result::refused);
  CHECK(move.hooks.told.empty());
}

TEST_CASE("who loses the race for the pod runs no hook: another one's move is under way", "[hooks]") {
  Hooked hooked;
  hooked.nodes.hook = [&](const std::string& call, bool before) {
    if (before && call.starts_with("create ms2m-consumer-0"))
      hooked.nodes.add(Kind::lease,
                       make_lease("default", "ms2m-consumer-0", {"", "mother", "root@there pid 3", "Preparing"},
                                  "2026-11-29T10:00:00.000000Z"));
  };
  CHECK(hooked.run().result == Result::refused);
  CHECK(hooked.hooks.told.empty());
}

TEST_CASE("who takes a move up later runs no hook, and says which are missing", "[hooks]") {
  Hooked move;
  struct Died {};
  move.hooks.act = [](const Hook& hook) {
    if (hook.command == "quiet-2") throw Died{};
  };
  try {
    FakeBroker broker(move.server);
    const FakePorts ports(move.nodes, broker);
    Migrator(ports.all, JournalStore(move.root), move.noted, {&move.hooks}).migrate(move.request, {}, {});
    FAIL("it should have died");
  } catch (const Died&) {
    move.nodes.end_sessions();
  }
  const std::string id = JournalStore(move.root).list().at(0).id;
  FakeBroker broker(move.server);
  const FakePorts ports(move.nodes, broker);
  CHECK(Migrator(ports.all, JournalStore(move.root), move.noted).abort(id, {}).result == Result::undone);
  CHECK(move.hooks.told == Names{"quiet-1", "quiet-2"});
  CHECK(move.noted.warned("have not run, and will not: end"));
}

TEST_CASE("what the operator changes meanwhile holds, and is in journal and outcome", "[set]") {
  const bool shadow = GENERATE(false, true);
  Hooked move;
  std::vector<Dials::Answer> answers;
  move.hooks.act = [&](const Hook& hook) {
    const std::string id = move.hooks.outcomes.back().id;
    if (hook.command == "quiet-1") {
      answers.push_back(move.dials.turn("another", {Millis{500}, {}}));
      answers.push_back(move.dials.turn(id, {Millis{500}, {}}));
      answers.push_back(move.dials.turn(id, {{}, Bytes{20000000}}));
      CHECK(move.dials.bandwidth() == Bytes{20000000});
    }
    if (hook.command == "pivot") answers.push_back(move.dials.turn(id, {{}, Bytes{0}}));
    if (hook.command == "end") answers.push_back(move.dials.turn(id, {Millis{1}, {}}));
  };
  move.request.strategy = shadow ? Strategy::shadow : Strategy::handoff;
  REQUIRE(move.run().result == Result::done);
  REQUIRE(answers.size() == 5);
  CHECK_THAT(answers[0].why, Contains("is at migration"));
  CHECK(answers[1].done == shadow);
  if (!shadow) CHECK_THAT(answers[1].why, Contains("has no downtime limit"));
  CHECK(answers[2].done);
  CHECK_THAT(answers[3].why, Contains("too late: the checkpoint has been carried"));
  CHECK_FALSE(answers[4].done);
  REQUIRE(move.outcome.changes.size() == (shadow ? 2 : 1));
  CHECK(move.outcome.changes.back().option == "bandwidth");
  CHECK(move.outcome.changes.back().value == "20000000");
  std::ifstream in(move.root / move.outcome.id / "journal.jsonl");
  const std::string journal{std::istreambuf_iterator<char>(in), {}};
  CHECK_THAT(journal, Contains(R"("option":"bandwidth")"));
}

TEST_CASE("a move that is being undone is not changed any more, and says why", "[set]") {
  const bool interrupted = GENERATE(false, true);
  Hooked move(Strategy::shadow);
  StopSource stop;
  if (!interrupted) move.hooks.failing = "quiet-1";
  move.hooks.act = [&](const Hook& hook) {
    if (interrupted && hook.command == "quiet-1") stop.request_stop();
  };
  std::vector<Dials::Answer> answers;
  move.server.set_hook([&](const std::string& call, bool before) {  // as it goes: of the undoing
    if (before && call.starts_with("delete ms2m.") && answers.empty() && !move.hooks.outcomes.empty())
      answers.push_back(move.dials.turn(move.hooks.outcomes.back().id, {Millis{500}, Bytes{20000000}}));
  });
  CHECK(move.run(stop.token()).result == Result::undone);
  REQUIRE(answers.size() == 1);
  CHECK_FALSE(answers[0].done);
  CHECK_THAT(answers[0].why, Contains("too late: the move is being undone, because it ") &&
                                 Contains(interrupted ? "was interrupted" : "exit status 3"));
  CHECK(move.outcome.changes.empty());
}

TEST_CASE("memory that follows the checkpoint goes by the bandwidth that the operator wants by then", "[set]") {
  Hooked move;
  move.nodes.set_up_handler();
  move.request.strategy = Strategy::handoff;
  move.request.checkpoint = CheckpointBy::runtime;
  move.request.pages = Pages::stream;
  Dials::Answer before, after;
  move.nodes.hook = [&](const std::string& call, bool begins) {
    if (call == "bring pages" && begins) before = move.dials.turn(move.hooks.outcomes.back().id, {{}, Bytes{30000000}});
  };
  move.hooks.act = [&](const Hook& hook) {
    if (hook.command == "pivot") after = move.dials.turn(move.hooks.outcomes.back().id, {{}, Bytes{0}});
  };
  REQUIRE(move.run().result == Result::done);
  CHECK(before.done);
  CHECK(move.nodes.pages_per_second() == Bytes{30000000});
  CHECK_THAT(after.why, Contains("too late: the memory has been carried"));
}

TEST_CASE("of a replay the downtime limit can be changed until it cuts over; it carries nothing", "[set][stream]") {
  Hooked move(Strategy::replay);
  std::vector<Dials::Answer> answers;
  move.hooks.act = [&](const Hook& hook) {
    const std::string id = move.hooks.outcomes.back().id;
    answers.push_back(move.dials.turn(id, {Millis{500}, {}}));
    if (hook.command == "quiet-1") answers.push_back(move.dials.turn(id, {{}, Bytes{20000000}}));
  };
  REQUIRE(move.run().result == Result::done);
  REQUIRE(answers.size() == 5);  // quiet-1, the same, quiet-2, pivot, end
  CHECK(answers[0].done);
  CHECK_THAT(answers[1].why, Contains("carries no checkpoint"));
  CHECK(answers[2].done);
  CHECK_THAT(answers[3].why, Contains("too late: the move cuts over, or has"));
  CHECK_FALSE(answers[4].done);
}

TEST_CASE("a target of a stream that has served is not taken away because it does not answer", "[hooks][stream]") {
  Hooked move(Strategy::replay);
  move.request.timeouts.serve = Seconds(0.3);
  move.hooks.act = [&](const Hook& hook) {
    if (hook.at == HookPoint::after_pivot) move.nodes.hang_on("worker-2");
  };
  const Outcome outcome = move.run();
  INFO(outcome.error);
  CHECK(outcome.result == Result::leftovers);
  const std::vector<std::string> pods = move.nodes.pods();
  CHECK(std::any_of(pods.begin(), pods.end(), [](const std::string& each) { return each.ends_with("@worker-2"); }));
  CHECK_THAT(outcome.error + outcome.serving.why, Contains("so it was left as it is"));
}

TEST_CASE("a replay catches up once more after a hook that took long", "[hooks][stream]") {
  Hooked move(Strategy::replay);
  std::int64_t behind = -1;
  move.hooks.act = [&](const Hook& hook) {
    if (hook.command != "quiet-2") return;
    for (int i = 0; i < 1000; ++i) move.server.publish("app.events", "m" + std::to_string(i));
  };
  move.server.set_hook([&](const std::string& call, bool before) {
    if (!before || !call.starts_with("arm ")) return;
    const SimConsumer* target = nullptr;
    for (const std::string& pod : move.nodes.pods())
      if (pod.ends_with("@worker-2")) target = move.nodes.consumer_of(pod.substr(0, pod.find('@')));
    REQUIRE(target != nullptr);
    behind = move.nodes.consumer_of("consumer-0")->offset() - target->offset();
    CHECK(move.nodes.consumer_of("consumer-0")->offset() == 1000);
  });
  REQUIRE(move.run().result == Result::done);
  CHECK(behind >= 0);
  CHECK(behind <= 3);
}

TEST_CASE("how many messages waited is kept, from what the broker was asked anyway", "[depth]") {
  Hooked move;
  move.request.hooks.clear();
  move.request.strategy = Strategy::shadow;
  REQUIRE(move.run().result == Result::done);
  const auto& depths = move.outcome.measures.depths;
  REQUIRE_FALSE(depths.empty());
  for (std::size_t n = 0; n < depths.size(); ++n) {
    CHECK((depths[n].queue == "app.events" || depths[n].queue.ends_with(".target")));
    CHECK(depths[n].at <= move.outcome.measures.total);
    if (n > 0) CHECK(depths[n - 1].at <= depths[n].at);
  }
}

TEST_CASE("of a long move a hundred depths are kept, evenly, the first and the last among them", "[depth]") {
  DepthLog log;
  const TimePoint begin = Clock::now();
  log.heard("q", 1);  // nobody asks yet
  log.begin(begin, {"q"});
  log.heard("other", 1);
  for (int n = 0; n <= 360000; ++n) log.heard("q", static_cast<std::uint64_t>(n), begin + n * Millis{10});
  const auto all = log.end();
  CHECK(all.size() > 40);
  CHECK(all.size() <= 101);
  CHECK(all.front().ready == 0);
  CHECK(all.back().ready == 360000);
  for (std::size_t n = 2; n + 1 < all.size(); ++n)
    CHECK(std::abs((all[n].at - all[n - 1].at) / (all[1].at - all[0].at) - 1) < 0.1);
  CHECK(log.end().empty());
}
