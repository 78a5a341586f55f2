// How the facts are gathered: side by side, and each question by itself.
#include <algorithm>

#include "base/task_group.hpp"
#include "plan/facts.hpp"
#include "plan/gathering.hpp"
#include "preflight/preflight.hpp"
#include "support/preflight_facts.hpp"
#include "support/slow_ports.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;

namespace {

struct Preflight {
  Answers answers;
  SlowCluster cluster{answers};
  SlowBroker broker{answers};
  SlowAdmin admin{answers};
  SlowNodes nodes{answers};
  NoRestores restores;
  NoDumps dumps;
  SlowRegistry registry{answers};
  MigrationRequest request = test::request();

  Preflight() {
    Json pod = good().pod;
    pod["metadata"]["ownerReferences"] = Json::parse(R"([{"kind":"ReplicaSet","name":"rs","controller":true}])");
    pod["metadata"]["labels"] = Json{{"pod-template-hash", "1"}};
    pod["spec"]["volumes"] = Json::parse(R"([{"name":"data","persistentVolumeClaim":{"claimName":"data"}}])");
    cluster.objects = {
        {"pod default/consumer-0", pod},
        {"node worker-1", node("worker-1")},
        {"node worker-2", node("worker-2")},
        {"replica set default/rs", Json::parse(R"({"metadata":{"name":"rs"},"spec":{}})")},
        {"persistent volume claim default/data",
         Json::parse(
             R"({"metadata":{"name":"data"},"spec":{"volumeName":"pv"},"status":{"accessModes":["ReadWriteMany"]}})")},
        {"persistent volume pv", Json::parse(R"({"metadata":{"name":"pv"},"spec":{}})")}};
  }

  Facts facts(const StopToken& stop = {}) {
    return gather_facts({cluster, broker, admin, nodes, nodes, nodes, nodes, nodes, nodes, restores, dumps, registry},
                        request, stop);
  }
  std::vector<Finding> findings() {
    Facts found = facts();
    found.source.tools = found.target.tools = good_tools();  // another test's subject
    return test::findings(found, request);
  }
};

const Finding* find(const std::vector<Finding>& findings, const std::string& check, Level level) {
  const auto found = std::find_if(findings.begin(), findings.end(),
                                  [&](const Finding& each) { return each.check == check && each.level == level; });
  return found == findings.end() ? nullptr : &*found;
}

std::size_t unasked(const std::vector<Finding>& findings) {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(), [](const Finding& each) { return !each.asked; }));
}

/// As the API server says it (err-403-*.json).
Error forbidden(const std::string& resource) {
  return Error(ErrorKind::forbidden,
               resource + R"( is forbidden: User "viewer" cannot get resource ")" + resource + R"(" in API group "")",
               "grant it with examples/rbac.yaml");
}

}  // namespace

TEST_CASE("everything is found out", "[gathering]") {
  Preflight preflight;
  for (const Finding& finding : preflight.findings()) {
    INFO(finding.check << ": " << finding.text);
    CHECK(finding.level == Level::ok);
  }
}

TEST_CASE("slow answers do not add up", "[gathering]") {
  Preflight preflight;
  preflight.answers.delay = Millis{400};
  const TimePoint begin = Clock::now();
  preflight.facts();
  const auto sum = static_cast<double>(preflight.answers.asked()) * 0.4;
  // Five that follow on each other (pod; the broker's version, rights, queue and control queue) of more than thirty.
  CHECK(preflight.answers.asked() > 30);
  CHECK(seconds_between(begin, Clock::now()) < sum / 2);
}

TEST_CASE("a question that fails leaves the others' findings", "[gathering]") {
  const std::vector<std::string> questions{"allowed",
                                           "get node worker-1",
                                           "get node worker-2",
                                           "get replica set default/rs",
                                           "list pods",
                                           "list budgets",
                                           "gate worker-1",
                                           "get persistent volume claim default/data",
                                           "version",
                                           "broker rights",
                                           "depth app.events",
                                           "management",
                                           "depth ms2m.control.consumer-0",
                                           "queue",
                                           "totals",
                                           "policies",
                                           "get lease default/ms2m-consumer-0",
                                           "alarms",
                                           "archives worker-1",
                                           "probe worker-2",
                                           "find worker-1",
                                           "open worker-1",
                                           "open worker-2",
                                           "get persistent volume pv"};
  for (const std::string& question : questions)
    for (const ErrorKind kind : {ErrorKind::forbidden, ErrorKind::unavailable, ErrorKind::timeout}) {
      Preflight preflight;
      preflight.answers.failing.emplace(question, Error(kind, "no answer to that", "ask somebody else"));
      const auto findings = preflight.findings();
      INFO(question << ": " << to_string(kind));
      CHECK(std::count_if(findings.begin(), findings.end(),
                          [](const Finding& each) { return each.level != Level::ok && !each.text.empty(); }) >= 1);
      if (kind != ErrorKind::forbidden)
        CHECK(std::any_of(findings.begin(), findings.end(), [](const Finding& each) {
          return each.level == Level::refusal && each.text.find("no answer to that") != std::string::npos;
        }));
      CHECK(std::count_if(findings.begin(), findings.end(),
                          [](const Finding& each) { return each.level == Level::ok; }) >= 6);
    }
}

TEST_CASE("who may only look gets the other findings and the names of the rights", "[gathering]") {
  Preflight preflight;
  preflight.request.unresolved = {
      {"annotation ms2m.io/broker-secret (secret rabbitmq): " + std::string(forbidden("secrets").what()),
       "give --broker and --queue"}};
  preflight.request.queue.clear();
  preflight.cluster.denied = {"create pods in namespace default", "delete pods in namespace default"};
  preflight.answers.failing.emplace("list budgets", forbidden("poddisruptionbudgets"));
  const auto findings = preflight.findings();
  REQUIRE(find(findings, "rights", Level::refusal) != nullptr);
  CHECK_THAT(find(findings, "rights", Level::refusal)->text,
             Contains("create pods in namespace default, delete pods in namespace default"));
  REQUIRE(find(findings, "broker", Level::refusal) != nullptr);
  CHECK_FALSE(find(findings, "broker", Level::refusal)->asked);
  CHECK_THAT(find(findings, "broker", Level::refusal)->text, Contains(R"(cannot get resource "secrets")"));
  CHECK_THAT(find(findings, "unchecked", Level::warning)->text, Contains("you may not list poddisruptionbudgets"));
  CHECK(unasked(findings) == 2);
  for (const char* found : {"source-pod", "owner", "target-node", "node-access", "base-image", "cpu", "volumes"}) {
    INFO(found);
    CHECK(find(findings, found, Level::ok) != nullptr);
  }
  CHECK(find(findings, "queue", Level::refusal) == nullptr);
  CHECK(find(findings, "management-api", Level::warning) == nullptr);
}

TEST_CASE("a stop is no answer", "[gathering]") {
  Preflight preflight;
  preflight.answers.delay = Millis{20};
  StopSource source;
  source.request_stop();
  CHECK_THROWS_AS(preflight.facts(source.token()), Cancelled);
}

TEST_CASE("without an answer the preflight ends in its time", "[gathering]") {
  Preflight preflight;
  preflight.request.timeouts.connect = Seconds(0.1);
  preflight.answers.silent = {"get lease default/ms2m-consumer-0", "find worker-2"};
  const Facts facts = preflight.facts();
  CHECK_FALSE(facts.asked(Question::lease));
  CHECK(facts.asked(Question::owner));
  const auto findings = ms2m::preflight(facts, preflight.request);
  CHECK_THAT(find(findings, "lease", Level::refusal)->cure, Contains("--connect-timeout"));
  CHECK(find(findings, "image-tool", Level::refusal) != nullptr);
}

TEST_CASE("tasks run side by side, may start others, and what one throws arrives", "[tasks]") {
  TaskGroup group(4);
  std::atomic<int> ended{0};
  for (int i = 0; i < 20; ++i)
    group.start([&] {
      group.start([&] { ++ended; });
      ++ended;
    });
  group.wait();
  CHECK(ended == 40);
  group.start([] { throw Cancelled(); });
  group.start([&] { ++ended; });
  CHECK_THROWS_AS(group.wait(), Cancelled);
  CHECK(ended == 41);
  group.wait();
}
