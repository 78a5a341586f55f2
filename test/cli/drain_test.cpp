// `ms2m drain` in a world of fakes: which pods go where, in what order, and what it says and exits with.
#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "cli/drain_sessions.hpp"
#include "samples.hpp"
#include "support/catch.hpp"
#include "typed.hpp"

using namespace ms2m;
using Catch::Matchers::Contains;

namespace {

Json node(const std::string& name, bool cordoned = false, const char* ready = "True") {
  return {{"metadata", {{"name", name}}},
          {"spec", {{"unschedulable", cordoned}}},
          {"status", {{"conditions", {{{"type", "Ready"}, {"status", ready}}}}}}};
}

struct Emptied : test::Typed {
  std::mutex guard;                            ///< of moves
  std::vector<std::string> moves;              ///< "orders-0 to worker-2"
  std::map<std::string, std::string> refused;  ///< by node: why
  std::map<std::string, Result> results;       ///< by pod; done where there is none

  Emptied() {
    world.cluster->nodes = {node("worker-1"), node("worker-2"), node("worker-3"), node("worker-4", true),
                            node("worker-5", false, "False")};
    world.planned = [this](const MigrationRequest& request) {
      Plan plan = test::deployment_plan();
      plan.findings.clear();
      plan.predicted = {{Phase::transferring, Seconds(request.pod == "large-0" ? 9 : 2), "", {}, {}}};
      if (const auto why = refused.find(request.target_node); why != refused.end())
        plan.findings = {{"target-node", Level::refusal, why->second, "cure it", true}};
      return plan;
    };
    world.migrated = [this](const MigrationRequest& request) {
      const std::lock_guard lock(guard);
      moves.push_back(request.pod + " to " + request.target_node);
      Outcome outcome = test::shadow_outcome();
      outcome.id = "m" + request.pod;
      outcome.result = results.count(request.pod) != 0 ? results.at(request.pod) : Result::done;
      if (outcome.result != Result::done) outcome.error = "something went wrong";
      return outcome;
    };
  }
  /// That consumes that queue; "": it does not say which.
  Json& pod(const std::string& name, const std::string& queue, const std::string& owner = "") {
    Json made = Json::parse(R"({"metadata": {"namespace": "default"}, "spec": {"nodeName": "worker-1", "containers":
      [{"name": "app", "env": [{"name": "RABBITMQ_URL", "value": "amqp://rabbit:5672/"}]}]}})");
    made["metadata"]["name"] = name;
    if (!queue.empty()) made["metadata"]["annotations"] = {{"ms2m.io/queue", queue}};
    if (!owner.empty())
      made["metadata"]["ownerReferences"] = {
          {{"kind", owner}, {"name", "its-" + owner}, {"uid", "uid-" + owner}, {"controller", true}}};
    return world.cluster->pods[name] = made;
  }
  Json items() const { return Json::parse(out).at("items"); }
};

}  // namespace

TEST_CASE("drain: what consumes a queue is moved, the longest first, and the node stays cordoned") {
  Emptied user;
  user.pod("small-0", "a");
  user.pod("large-0", "b");
  user.pod("web", "");
  user.pod("agent", "c", "DaemonSet");
  CHECK(user.run({"drain", "worker-1", "--to", "worker-2", "--parallel", "1", "-o", "json"}) == 0);
  CHECK(user.moves == std::vector<std::string>{"large-0 to worker-2", "small-0 to worker-2"});
  CHECK(user.world.cluster->patched == Json{{"spec", {{"unschedulable", true}}}});
  const Json report = Json::parse(user.out);
  CHECK(report.at("cordoned") == true);
  CHECK(report.at("exit_status") == 0);
  std::map<std::string, std::string> became;
  for (const Json& item : report.at("items")) became[item.at("pod")] = item.at("result");
  CHECK(became == std::map<std::string, std::string>{
                      {"small-0", "moved"}, {"large-0", "moved"}, {"web", "stays"}, {"agent", "stays"}});
  CHECK(user.world.kept.count("msmall-0") == 1);
  CHECK(user.world.cluster->asked == std::set<std::string>{"get nodes", "get pods", "list pods", "patch nodes"});
}

TEST_CASE("drain: the table says why the others are where they are") {
  Emptied user;
  user.pod("orders-0", "a");
  user.pod("agent", "c", "DaemonSet");
  user.results["orders-0"] = Result::undone;
  CHECK(user.run({"drain", "worker-1", "--to", "worker-2"}) == 1);
  CHECK_THAT(user.out, Contains("default/orders-0  failed") && Contains("something went wrong") &&
                           Contains("of DaemonSet its-DaemonSet") && Contains("0 moved") &&
                           Contains("node worker-1 is cordoned"));
  CHECK_THAT(user.err, Contains("node worker-1 is cordoned, and stays so"));
}

TEST_CASE("drain: a dry run touches nothing") {
  Emptied user;
  user.pod("orders-0", "a");
  CHECK(user.run({"drain", "worker-1", "--dry-run"}) == 0);
  CHECK_THAT(user.out, Contains("would move") && Contains("about 2.0s") && !Contains("cordoned"));
  CHECK(user.run({"drain", "worker-1", "--dry-run", "-o", "jsonpath={.items[7].pod}"}) == 2);
  CHECK_THAT(user.err, Contains("there is no [7]"));
  CHECK(user.moves.empty());
  CHECK_FALSE(user.world.cluster->patched);
}

TEST_CASE("drain: without --to they are spread over the nodes that take them") {
  Emptied user;
  for (const char* name : {"a-0", "b-0", "c-0", "d-0"}) user.pod(name, name);
  CHECK(user.run({"drain", "worker-1", "--parallel", "1"}) == 0);
  std::map<std::string, int> to;
  for (const std::string& move : user.moves) ++to[move.substr(7)];
  CHECK(to == std::map<std::string, int>{{"worker-2", 2}, {"worker-3", 2}});  // not the cordoned, not the dead one
  user.moves.clear();
  user.refused["worker-2"] = "it is too small";
  CHECK(user.run({"drain", "worker-1", "--parallel", "1"}) == 0);
  CHECK(user.moves.size() == 4);
  for (const std::string& move : user.moves) CHECK(move.substr(7) == "worker-3");
  user.refused["worker-3"] = "its runtime is another one";
  CHECK(user.run({"drain", "worker-1", "--parallel", "1", "-o", "json"}) == 4);
  CHECK(user.items()[0].at("result") == "refused");
  CHECK(user.items()[0].at("why").is_string());
  CHECK(user.items()[0].at("why") == "worker-2: it is too small; worker-3: its runtime is another one");
  CHECK(user.items()[0].at("remedy") == "cure it");
}

TEST_CASE("drain: where all is refused the node is not cordoned; where there is nothing to move, it is") {
  Emptied user;
  user.pod("orders-0", "a");
  user.refused["worker-2"] = "it is too small";
  CHECK(user.run({"drain", "worker-1", "--to", "worker-2"}) == 4);
  CHECK_FALSE(user.world.cluster->patched);
  CHECK_THAT(user.out, Contains("node worker-1 is not cordoned") && Contains("worker-2  a"));
  user.world.cluster->pods.clear();
  CHECK(user.run({"drain", "worker-1", "--to", "worker-2"}) == 0);
  CHECK(user.world.cluster->patched);
}

TEST_CASE("drain: a pod that names a broker which cannot be found out is refused, not passed over") {
  Emptied user;
  user.pod("orders-0", "a");
  user.pod("missing-0", "b")["metadata"]["annotations"]["ms2m.io/broker-secret"] = "gone";
  user.pod("web", "");
  for (const std::vector<std::string>& more : std::vector<std::vector<std::string>>{{}, {"--dry-run"}}) {
    std::vector<std::string> typed{"drain", "worker-1", "--to", "worker-2", "-o", "json"};
    typed.insert(typed.end(), more.begin(), more.end());
    CHECK(user.run(typed) == 4);
    std::map<std::string, std::string> became;
    for (const Json& item : user.items()) became[item.at("pod")] = item.at("result");
    CHECK(became == std::map<std::string, std::string>{{"orders-0", more.empty() ? "moved" : "would move"},
                                                       {"missing-0", "refused"},
                                                       {"web", "stays"}});
  }
}

TEST_CASE("drain: a budget that allows no disruption forbids what takes the pod away for a moment") {
  Emptied user;
  user.pod("orders-0", "a");
  const auto inner = user.world.planned;
  std::string cure = "use --strategy shadow";
  user.world.planned = [&](const MigrationRequest& request) {
    Plan plan = inner(request);
    plan.findings = {{"disruption-budget", Level::warning, "the budget allows no disruption now", cure, true}};
    return plan;
  };
  CHECK(user.run({"drain", "worker-1", "--to", "worker-2"}) == 4);
  CHECK_THAT(user.out, Contains("allows no disruption"));
  cure.clear();  // its source goes only when the copy serves
  CHECK(user.run({"drain", "worker-1", "--to", "worker-2"}) == 0);
}

TEST_CASE("drain: a budget that the first of two has used up forbids the second") {
  Emptied user;
  user.pod("a-0", "a", "StatefulSet");
  user.pod("a-1", "a1", "StatefulSet");
  const auto planned = user.world.planned;
  user.world.planned = [&](const MigrationRequest& request) {
    Plan plan = planned(request);
    const std::lock_guard lock(user.guard);
    if (!user.moves.empty())
      plan.findings = {{"disruption-budget", Level::warning, "the budget allows no disruption now", "wait", true}};
    return plan;
  };
  CHECK(user.run({"drain", "worker-1", "--to", "worker-2", "-o", "json"}) == 4);
  CHECK(user.moves == std::vector<std::string>{"a-0 to worker-2"});
  const Json second = user.items().at(1);
  CHECK(second.at("result") == "refused");
  CHECK(second.at("why") == "the budget allows no disruption now");
  CHECK(second.at("remedy") == "wait");
}

TEST_CASE("drain: a session whose look is too old moves nothing") {
  const report::Drained fresh, old, none;
  cli::DrainSessions sessions(4);
  const auto keep = [&](const report::Drained& row, std::chrono::seconds age) {
    auto opened = std::make_unique<cli::Opened>();
    opened->looked = Clock::now() - age;
    CHECK(sessions.keep(row, std::move(opened)) == nullptr);
  };
  keep(fresh, std::chrono::seconds(0));
  keep(old, std::chrono::seconds(10));
  CHECK(sessions.take(fresh) != nullptr);
  CHECK(sessions.take(old) == nullptr);
  CHECK(sessions.take(none) == nullptr);
}

TEST_CASE("drain: what is tied to one that was left in between is not begun") {
  Emptied user;
  user.pod("a-0", "a", "StatefulSet");
  user.pod("a-1", "a1", "StatefulSet");
  user.pod("b-0", "b");
  user.results["a-0"] = Result::leftovers;
  CHECK(user.run({"drain", "worker-1", "--to", "worker-2", "--parallel", "1", "-o", "json"}) == 3);
  std::map<std::string, std::string> became;
  for (const Json& item : user.items()) became[item.at("pod")] = item.at("result");
  CHECK(became == std::map<std::string, std::string>{{"a-0", "failed"}, {"a-1", "not begun"}, {"b-0", "moved"}});
}

TEST_CASE("drain: one that its target refuses after all goes to the next; not with --to") {
  Emptied user;
  user.pod("a-0", "a");
  const auto inner = user.world.migrated;
  user.world.migrated = [&](const MigrationRequest& request) {
    Outcome outcome = inner(request);
    if (request.target_node == "worker-2") outcome.result = Result::refused;
    return outcome;
  };
  CHECK(user.run({"drain", "worker-1"}) == 0);
  CHECK(user.moves == std::vector<std::string>{"a-0 to worker-2", "a-0 to worker-3"});
  CHECK(user.run({"drain", "worker-1", "--to", "worker-2"}) == 4);
  CHECK(user.moves.size() == 3);
}

TEST_CASE("drain: pods of one name in two namespaces are two") {
  Emptied user;
  user.pod("a-0", "a");
  Json other = user.world.cluster->pods.at("a-0");
  other["metadata"]["namespace"] = "shop";
  other["metadata"]["annotations"]["ms2m.io/queue"] = "b";
  user.world.cluster->pods["other"] = other;
  std::set<std::string> namespaces;
  const auto inner = user.world.migrated;
  user.world.migrated = [&](const MigrationRequest& request) {
    namespaces.insert(request.ns);
    return inner(request);
  };
  CHECK(user.run({"drain", "worker-1", "--to", "worker-2", "--parallel", "1"}) == 0);
  CHECK(namespaces == std::set<std::string>{"default", "shop"});
}

TEST_CASE("drain: what shares a controller or a queue is moved one after the other") {
  Emptied user;
  user.pod("a-0", "a", "StatefulSet");
  user.pod("a-1", "a1", "StatefulSet");
  user.pod("b-0", "a1");
  user.pod("c-0", "c");
  // Each waits for the other: c-0 for all of the three, which come one by one.
  std::mutex guard;
  std::condition_variable came;
  int three = 0, at_once = 0, most = 0;
  bool alone = false;
  const auto inner = user.world.migrated;
  user.world.migrated = [&](const MigrationRequest& request) {
    std::unique_lock lock(guard);
    const auto wait = [&](const auto& until) { return came.wait_for(lock, std::chrono::seconds(120), until); };
    if (request.pod == "c-0") {
      alone = true;
      came.notify_all();
      CHECK(wait([&] { return three == 3; }));
      return inner(request);
    }
    CHECK(wait([&] { return alone; }));
    most = std::max(most, ++at_once);
    came.notify_all();
    came.wait_for(lock, std::chrono::milliseconds(100), [&] { return at_once > 1; });  // time for a second one to come
    const Outcome outcome = inner(request);
    --at_once;
    ++three;
    came.notify_all();
    return outcome;
  };
  CHECK(user.run({"drain", "worker-1", "--to", "worker-2", "--parallel", "4"}) == 0);
  CHECK(user.moves.size() == 4);
  CHECK(user.moves.back() == "c-0 to worker-2");
  CHECK(most == 1);
}

TEST_CASE("drain: the worst of several is the command's") {
  Emptied user;
  for (const char* name : {"a-0", "b-0", "c-0"}) user.pod(name, name);
  const auto status = [&](Result first, Result second) {
    user.results = {{"a-0", first}, {"b-0", second}};
    return user.run({"drain", "worker-1", "--to", "worker-2", "--parallel", "1"});
  };
  CHECK(status(Result::done, Result::undone) == 1);
  CHECK(status(Result::leftovers, Result::undone) == 3);
  CHECK(status(Result::cleanup_incomplete, Result::undone) == 5);
  CHECK(status(Result::refused, Result::done) == 4);
  CHECK(status(Result::refused, Result::undone) == 1);
}

TEST_CASE("drain: an interruption leaves what was not begun where it is") {
  Emptied user;
  for (const char* name : {"a-0", "b-0", "c-0"}) user.pod(name, name);
  const auto inner = user.world.migrated;
  user.world.migrated = [&](const MigrationRequest& request) {
    user.stop.request_stop();
    Outcome outcome = inner(request);
    outcome.result = Result::undone;
    outcome.interrupted = true;
    return outcome;
  };
  CHECK(user.run({"drain", "worker-1", "--to", "worker-2", "--parallel", "1", "-o", "json"}) == 130);
  CHECK(user.moves.size() == 1);
  int not_begun = 0;
  for (const Json& item : user.items()) not_begun += item.at("result") == "not begun" ? 1 : 0;
  CHECK(not_begun == 2);
}

TEST_CASE("drain: a stop while the node is cordoned says whether it is") {
  Emptied user;
  user.pod("orders-0", "a");
  auto& cluster = *user.world.cluster;
  cluster.nodes = {node("worker-1"), node("worker-2")};
  bool arrived = true;
  cluster.stopped_patch = [&] {
    user.stop.request_stop();
    if (arrived) cluster.nodes[0] = node("worker-1", true);
    throw Cancelled();
  };
  SECTION("it is") {
    CHECK(user.run({"drain", "worker-1", "-o", "json"}) == 130);
    CHECK(Json::parse(user.out).at("cordoned") == true);
    CHECK(user.items().at(0).at("result") == "not begun");
  }
  SECTION("it is not") {
    arrived = false;
    CHECK(user.run({"drain", "worker-1"}) == 130);
    CHECK_THAT(user.err, Contains("before anything was touched"));
  }
  SECTION("nobody can say") {
    cluster.stopped_patch = [&] {
      user.stop.request_stop();
      cluster.node_failure = Error(ErrorKind::unavailable, "no route");
      throw Cancelled();
    };
    CHECK(user.run({"drain", "worker-1"}) == 130);
    CHECK_THAT(user.err, Contains("node worker-1 may be cordoned") && Contains("kubectl get node worker-1") &&
                             !Contains("nothing was touched"));
    CHECK_THAT(user.out, Contains("not begun") && Contains("node worker-1 may be cordoned"));
  }
  CHECK(user.moves.empty());
}

TEST_CASE("drain: a request to cordon that is not answered is looked after") {
  Emptied user;
  user.pod("orders-0", "a");
  auto& cluster = *user.world.cluster;
  cluster.nodes = {node("worker-1"), node("worker-2")};
  SECTION("it has come") {
    cluster.stopped_patch = [&] {
      cluster.nodes[0] = node("worker-1", true);
      throw Error(ErrorKind::timeout, "no answer");
    };
    CHECK(user.run({"drain", "worker-1"}) == 0);
    CHECK(user.moves.size() == 1);
  }
  SECTION("nobody can say") {
    cluster.stopped_patch = [&] {
      cluster.node_failure = Error(ErrorKind::unavailable, "no route");
      throw Error(ErrorKind::timeout, "no answer");
    };
    CHECK(user.run({"drain", "worker-1", "-o", "json"}) == 3);
    CHECK_THAT(user.err, Contains("node worker-1 may be cordoned") && Contains("kubectl get node worker-1") &&
                             !Contains("nothing was touched"));
    CHECK(Json::parse(user.out).at("cordoned").is_null());
    CHECK(user.items().at(0).at("result") == "not begun");
    CHECK(user.moves.empty());
  }
}

TEST_CASE("drain: a wrong command line and a node that is not there touch nothing") {
  Emptied user;
  user.pod("orders-0", "a");
  CHECK(user.run({"drain", "worker-1", "--queue", "orders"}) == 2);
  CHECK_THAT(user.err, Contains("--queue names one queue for every pod"));
  user.variables["MS2M_QUEUE"] = "orders";
  CHECK(user.run({"drain", "worker-1"}) == 2);
  user.variables.clear();
  CHECK(user.run({"drain", "worker-1", "--to", "worker-1"}) == 2);
  CHECK(user.run({"drain", "worker-1", "--parallel", "0"}) == 2);
  CHECK(user.run({"drain", "worker-1", "--parallel", "2x"}) == 2);
  CHECK(user.run({"drain"}) == 2);
  user.world.cluster->absent_node = "worker-9";
  CHECK(user.run({"drain", "worker-9"}) == 4);
  CHECK_THAT(user.err, Contains("there is no node worker-9"));
  user.world.cluster->nodes = {node("worker-1"), node("worker-4", true)};
  CHECK(user.run({"drain", "worker-1"}) == 4);
  CHECK_THAT(user.err, Contains("no other node"));
  user.world.cluster->forbidden_patch = Error(ErrorKind::forbidden, "you may not patch nodes");
  CHECK(user.run({"drain", "worker-1", "--to", "worker-4"}) == 4);
  CHECK_THAT(user.err, Contains("node worker-4 is not ready, or cordoned"));
  user.world.cluster->nodes = {node("worker-1"), node("worker-2")};
  CHECK(user.run({"drain", "worker-1", "--to", "worker-2"}) == 4);
  CHECK_THAT(user.err, Contains("may not patch nodes"));
  user.world.cluster->forbidden_patch = Error(ErrorKind::timeout, "no answer");
  CHECK(user.run({"drain", "worker-1", "--to", "worker-2"}) == 4);
  CHECK_THAT(user.err, Contains("nothing was touched: no answer"));
  CHECK(user.moves.empty());
  // Whoever may has cordoned it.
  user.world.cluster->nodes = {node("worker-1", true), node("worker-2")};
  CHECK(user.run({"drain", "worker-1", "--dry-run", "-o", "json"}) == 0);
  CHECK(Json::parse(user.out).at("cordoned") == true);
  CHECK(user.run({"drain", "worker-1", "--to", "worker-2"}) == 0);
  CHECK(user.moves.size() == 1);
}

TEST_CASE("drain: what no pod could be moved with is a wrong command line, and the node is not asked for") {
  Emptied user;
  const std::vector<std::vector<std::string>> wrong{{"--hook", "sometimes=true"},
                                                    {"--hook", "end="},
                                                    {"--protocol", "none", "--strategy", "shadow"},
                                                    {"--replay", "fanout", "--strategy", "handoff"},
                                                    {"--transfer", "registry"},
                                                    {"--broker", "http://rabbit"}};
  for (const bool any : {false, true}) {
    if (any) user.pod("orders-0", "a");
    for (const auto& options : wrong) {
      std::vector<std::string> drain{"drain", "worker-1", "--to", "worker-2"};
      drain.insert(drain.end(), options.begin(), options.end());
      INFO(options.front() << " " << options.back());
      CHECK(user.run(drain) == 2);
      CHECK(user.out.empty());
    }
  }
  user.variables["MS2M_TRANSFER"] = "pigeon";
  CHECK(user.run({"drain", "worker-1"}) == 2);
  CHECK_THAT(user.err, Contains("'pigeon'"));
  CHECK(user.world.cluster->asked.empty());
  CHECK(user.moves.empty());
}

TEST_CASE("drain: a hook that failed is told by its pod, and outweighs nothing but success") {
  Emptied user;
  user.pod("orders-0", "a");
  user.pod("basket-0", "b");
  const auto moved = user.world.migrated;
  user.world.migrated = [&](const MigrationRequest& request) {
    CHECK(request.hooks.size() == 1);
    Outcome outcome = moved(request);
    if (request.pod == "orders-0") outcome.hooks = {{HookPoint::end, 1, Seconds(1), "exit status 3"}};
    return outcome;
  };
  const std::vector<std::string> drain{"drain", "worker-1", "--to",     "worker-2", "--parallel",
                                       "1",     "--hook",   "end=true", "-o",       "json"};
  CHECK(user.run(drain) == 6);
  int told = 0;
  for (const Json& item : user.items()) told += item.dump().find("hook end failed: exit status 3") != std::string::npos;
  CHECK(told == 1);
  user.results["basket-0"] = Result::undone;
  CHECK(user.run(drain) == 1);
}

TEST_CASE("drain: what planned a pod moves it where it begins at once, and no more sessions wait than that") {
  Emptied user;
  for (const char* name : {"a-0", "b-0", "c-0", "d-0", "large-0"}) user.pod(name, name);
  const auto planned_once = [&] {
    return std::count_if(user.world.plans.begin(), user.world.plans.end(),
                         [](const auto& pod) { return pod.second == 1; });
  };
  SECTION("two at a time: the longest first, and whoever comes when another has ended is looked at anew") {
    CHECK(user.run({"drain", "worker-1", "--to", "worker-2", "--parallel", "2"}) == 0);
    CHECK(planned_once() == 2);
    CHECK(user.world.plans["large-0"] == 1);
    CHECK(user.world.most_open <= 4);  // those that are kept, and those that are looked at
  }
  SECTION("all at once") {
    CHECK(user.run({"drain", "worker-1", "--to", "worker-2", "--parallel", "8"}) == 0);
    CHECK(planned_once() == 5);
    CHECK(user.world.most_open == 5);
  }
  SECTION("what goes one after the other") {
    for (const char* name : {"a-0", "b-0", "c-0", "d-0", "large-0"}) user.pod(name, "one queue");
    CHECK(user.run({"drain", "worker-1", "--to", "worker-2", "--parallel", "8"}) == 0);
    CHECK(planned_once() == 1);
  }
  SECTION("a dry run keeps none") {
    CHECK(user.run({"drain", "worker-1", "--to", "worker-2", "--parallel", "1", "--dry-run"}) == 0);
    CHECK(user.world.most_open == 1);
  }
  CHECK(user.world.open == 0);
}

TEST_CASE("drain: one that its target refuses after all is asked by another session on the next") {
  Emptied user;
  user.pod("a-0", "a");
  const auto inner = user.world.migrated;
  user.world.migrated = [&](const MigrationRequest& request) {
    CHECK(user.world.open == 1);
    Outcome outcome = inner(request);
    if (request.target_node == "worker-2") outcome.result = Result::refused;
    return outcome;
  };
  CHECK(user.run({"drain", "worker-1"}) == 0);
  CHECK(std::count(user.world.calls.begin(), user.world.calls.end(), "plan") == 2);
  CHECK(user.moves == std::vector<std::string>{"a-0 to worker-2", "a-0 to worker-3"});
}

TEST_CASE("drain: what a look has heard is told once, with the pod's move; of one that stays nothing is") {
  Emptied user;
  user.world.warned_when_planned = "the wind has turned";
  user.pod("orders-0", "a");
  CHECK(user.run({"drain", "worker-1", "--to", "worker-2", "--dry-run"}) == 0);
  CHECK_THAT(user.err, !Contains("the wind has turned"));
  CHECK(user.run({"drain", "worker-1", "--to", "worker-2"}) == 0);
  const auto first = user.err.find("default/orders-0: the wind has turned");
  CHECK(first != std::string::npos);
  CHECK(user.err.find("the wind has turned", first + 30) == std::string::npos);
  user.refused["worker-2"] = "it is too small";
  CHECK(user.run({"drain", "worker-1", "--to", "worker-2"}) == 4);
  CHECK_THAT(user.err, !Contains("the wind has turned"));
}

TEST_CASE("drain: journals that are over long since are removed, once all is moved; not by a dry run") {
  Emptied user;
  user.pod("orders-0", "a");
  CHECK(user.run({"drain", "worker-1", "--dry-run"}) == 0);
  CHECK_FALSE(user.world.limits);
  CHECK(user.run({"drain", "worker-1"}) == 0);
  CHECK(user.world.limits);
  user.world.journals_stuck = true;
  CHECK(user.run({"drain", "worker-1"}) == 0);
  CHECK_THAT(user.err, Contains("old journals were not removed: they are stuck"));
}
