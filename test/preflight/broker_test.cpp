// What of its queue and its consumers speaks against a migration.
#include "support/preflight_facts.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;

TEST_CASE("the queue", "[preflight]") {
  Facts f = good();
  f.depth.reset();
  CHECK_THAT(refusal(f), Contains("queue app.events does not exist"));
  f.depth = QueueDepth{0, 0};
  CHECK_THAT(refusal(f), Contains("nobody consumes"));
  f.depth = QueueDepth{0, 2};
  CHECK_THAT(refusal(f), Contains("has 2 consumers"));
  f = good();
  f.queue->type = "stream";
  CHECK_THAT(refusal(f), Contains("stream"));
  f = good();
  f.queue->consumers = {{"ctag", "c", "h", false, false, true, 0}};
  CHECK_THAT(refusal(f), Contains("automatic acknowledgement"));
  f = good();
  f.alarms = {"disk on rabbit@x"};
  CHECK_THAT(refusal(f), Contains("alarm"));
}

TEST_CASE("policies that act on ms2m's own queues", "[preflight]") {
  MigrationRequest shadow = request(), handoff = request(), none = request();
  shadow.strategy = Strategy::shadow;
  handoff.strategy = none.strategy = Strategy::handoff;
  none.protocol = Protocol::none;
  Facts f = good();
  for (const char* key : {"message-ttl", "expires", "max-length", "max-length-bytes"}) {
    f.policy_on_ours = Json{{key, 5000}};
    CHECK_THAT(refusal(f, shadow), Contains(std::string("sets ") + key + " = 5000"));
    CHECK_THAT(refusal(f, none), !Contains("policy"));
    f.policy_on_ours = Json{{key, 1'000'000'000}};
    CHECK(refusal(f, shadow).empty());
  }
  f.policy_on_ours = Json{{"max-length", 5000}};
  CHECK(refusal(f, handoff).empty());
  f.policy_on_ours = Json{{"expires", 5000}};
  CHECK_THAT(refusal(f, handoff), Contains("sets expires = 5000"));
  f.policy_on_ours = Json{{"dead-letter-exchange", "dead"}};
  CHECK_THAT(warning(f, shadow), Contains("dead-lettered twice"));
  f.policy_on_ours.reset();
  CHECK_THAT(warning(f, shadow), Contains("may not be read"));
  CHECK(warning(f, handoff).empty());
}

TEST_CASE("what a queue does with messages besides keeping them", "[preflight]") {
  MigrationRequest shadow = request(), handoff = request();
  shadow.strategy = Strategy::shadow;
  handoff.strategy = Strategy::handoff;
  Facts f = good();
  f.queue->arguments = {{"x-dead-letter-exchange", "dead"}};
  CHECK_THAT(warning(f, shadow), Contains("dead-letter"));
  CHECK(warning(f, handoff).empty());
  f = good();
  f.queue->policy = {{"dead-letter-exchange", "dead"}};
  CHECK_THAT(warning(f, shadow), Contains("dead-letter"));
  f = good();
  f.queue->arguments = {{"x-message-ttl", 30000}};
  CHECK_THAT(warning(f, shadow), Contains("expire after 30000 ms"));
  f.queue->policy = {{"message-ttl", 20000}};
  CHECK_THAT(warning(f, handoff), Contains("expire after 20000 ms"));
  f = good();
  f.queue->arguments = {{"x-max-length", 100}};
  CHECK_THAT(warning(f, handoff), Contains("max-length 100"));
  f = good();
  f.queue->arguments = {{"x-expires", 30000}};
  CHECK_THAT(refusal(f, shadow), Contains("deleted when nobody has consumed it"));
  CHECK_THAT(refusal(f, handoff), Contains("deleted when nobody has consumed it for 30000 ms"));
  f = good();
  f.queue->arguments = {{"x-delivery-limit", 2}};
  CHECK(refusal(f, shadow).empty());  // no meaning on a classic queue
  f.queue->type = "quorum";
  CHECK_THAT(refusal(f, shadow), Contains("delivery limit of 2"));
  f.queue->arguments = {{"x-delivery-limit", 3}};
  CHECK(refusal(f, handoff).empty());
  f.queue->arguments = {{"x-delivery-limit", -1}};
  CHECK(refusal(f, shadow).empty());
  f.queue->policy = {{"delivery-limit", 1}};
  CHECK_THAT(refusal(f, shadow), Contains("delivery limit of 1"));
}

TEST_CASE("a consumer that nobody else may join", "[preflight]") {
  Facts f = good();
  f.queue->consumers = {QueueConsumer{}};
  CHECK(refusal(f).empty());
  f.queue->consumers[0].exclusive = true;
  CHECK_THAT(refusal(f), Contains("is an exclusive one"));
}

TEST_CASE("the control queue must be there for those who are told by it", "[preflight]") {
  Facts f = good();
  f.source_control.reset();
  CHECK_THAT(refusal(f), Contains("there is no queue ms2m.control.consumer-0"));
  MigrationRequest r = request();
  r.protocol = Protocol::none;
  r.strategy = Strategy::handoff;
  CHECK(refusal(f, r).empty());
  r = request();
  r.replay = Replay::fanout;
  CHECK(refusal(f, r).empty());
}

TEST_CASE("what is bound to no exchange cannot be fanned out", "[preflight]") {
  MigrationRequest r = request();
  r.replay = Replay::fanout;
  Facts f = good();
  f.procedure.course = Course::fanout;
  f.bindings = {{"orders", "", Json::object()}};
  CHECK(refusal(f, r).empty());
  f.bindings->clear();
  CHECK_THAT(refusal(f, r), Contains("is bound to no exchange"));
}

TEST_CASE("a consumer without the control protocol", "[preflight]") {
  MigrationRequest r = request();
  r.protocol = Protocol::none;
  CHECK(refusal(good(), r).empty());
  Facts f = good();
  f.admin_version.reset();
  f.queue.reset();
  CHECK_THAT(refusal(f, r), Contains("management API"));
  f = good();
  f.queue->type = "quorum";
  CHECK_THAT(refusal(f, r), Contains("quorum"));
  f = good();
  f.queue->arguments["x-single-active-consumer"] = true;
  CHECK_THAT(refusal(f, r), Contains("single active consumer"));
  f = good();
  f.depth = QueueDepth{151, 1};
  f.queue->consumers = {{"ctag", "c", "", true, false, true, 50}};
  CHECK(refusal(f, r).empty());  // asked for again when it is to stand still
  CHECK_THAT(warning(f, r), Contains("151 messages wait") && Contains("heartbeats"));
  f.heartbeat = std::chrono::seconds(60);
  CHECK(refusal(f, r).empty());
  f.depth = QueueDepth{0, 2};
  r.allow_competing = true;
  CHECK_THAT(refusal(f, r), Contains("has 2 consumers"));
  f = good();
  f.queue->consumers = {{"ctag", "c", "h", false, false, true, 0}};
  CHECK_THAT(refusal(f, r), Contains("automatic acknowledgement"));
}

namespace {
std::string other_queues(const Facts& facts, const MigrationRequest& request) {
  for (const Finding& each : findings(facts, request))
    if (each.check == "other-queues" && each.level == Level::refusal) return each.text;
  return "";
}
}  // namespace

// test/data/cases/two-queues-one-connection.json as RabbitAdmin reads it (its own test is the broker's).
TEST_CASE("a process that takes messages from a second queue", "[case-01]") {
  MigrationRequest r = request();
  r.queue = "orders";
  Facts f = good();
  f.queue->consumers = {{"c1", "10.1.0.7:41812 -> 10.1.0.2:5672", "10.1.0.7", true, false, true, 20}};
  f.queue->elsewhere = {{"events", "10.1.0.7:41812 -> 10.1.0.2:5672", "10.1.0.7"},
                        {"audit", "10.1.0.7:41900 -> 10.1.0.2:5672", "10.1.0.7"},
                        {"ms2m.control.consumer-0", "10.1.0.7:41812 -> 10.1.0.2:5672", "10.1.0.7"},
                        {"strange", "", ""}};
  // Whose address that is, is not known: what shares the connection is the process's.
  CHECK_THAT(other_queues(f, r), Contains("takes messages from events too"));
  f.pod["status"]["podIP"] = "10.1.0.7";
  CHECK_THAT(other_queues(f, r), Contains("takes messages from audit, events too"));
  f.pod["spec"]["hostNetwork"] = true;
  CHECK_THAT(other_queues(f, r), Contains("takes messages from events too"));
  r.allow_other_queues = true;
  CHECK(other_queues(f, r).empty());
  const auto told = findings(f, r);
  CHECK(std::any_of(told.begin(), told.end(),
                    [](const Finding& each) { return each.check == "other-queues" && each.level == Level::warning; }));
  r.allow_other_queues = false;
  f.queue->elsewhere.erase(f.queue->elsewhere.begin());
  CHECK(other_queues(f, r).empty());
}

TEST_CASE("standbys of a single active consumer are no competitors to be allowed", "[preflight]") {
  MigrationRequest r = request();
  r.allow_competing = GENERATE(true, false);
  r.protocol = GENERATE(Protocol::control, Protocol::none);
  Facts f = good();
  f.depth = QueueDepth{0, 3};
  f.queue->arguments["x-single-active-consumer"] = true;
  CHECK_THAT(refusal(f, r), Contains("a single active consumer and 2 on standby"));
  f.depth = QueueDepth{0, 1};
  if (r.protocol == Protocol::control) CHECK(refusal(f, r).empty());
}

TEST_CASE("somebody else on the queue, who has a second one, is not the process", "[case-01]") {
  MigrationRequest r = request();
  r.allow_competing = true;
  Facts f = good();
  f.pod["status"]["podIPs"] = Json::array({{{"ip", "10.1.0.7"}}});
  f.queue->consumers = {{"c1", "ours", "10.1.0.7", true, false, true, 20},
                        {"c2", "theirs", "10.1.0.8", true, false, true, 20}};
  f.queue->elsewhere = {{"events", "theirs", "10.1.0.8"}};
  CHECK(other_queues(f, r).empty());
  f.queue->consumers[0].peer_host = "10.9.9.9";  // translated: nobody is seen at the pod's address
  CHECK_THAT(other_queues(f, r), Contains("takes messages from events too"));
}

TEST_CASE("what the broker's user may not do is said with the command that lets it", "[case-19]") {
  using enum BrokerAccess;
  MigrationRequest r = request();
  r.queue = "shop's.orders";
  Facts f = good();
  f.missing_broker_rights = {
      {{configure, "ms2m.a.hold"}, {read, "ms2m.a.hold"}, {write, "amq.default", true}}, "o'app", "shop"};
  for (const auto& depth : {std::optional(QueueDepth{3, 1}), std::optional<QueueDepth>()}) {
    f.depth = depth;
    if (!depth) f.unasked = {{Question::queue, false, {"access refused", ""}}};
    std::vector<Finding> refusals;
    for (const Finding& each : findings(f, r))
      if (each.level == Level::refusal) refusals.push_back(each);
    REQUIRE(refusals.size() == 1);  // and not that the queue does not exist
    CHECK(refusals[0].text ==
          "the broker's user o'app may not write exchange amq.default, configure and read queue ms2m.a.hold");
    CHECK_THAT(refusals[0].cure,
               Contains(R"(rabbitmqctl --vhost=shop set_permissions 'o'\''app' '^(ms2m\..*|shop'\''s\.orders)$' )"
                        R"('^(ms2m\..*|amq\.default)$' '^(ms2m\..*|shop'\''s\.orders)$')"));
  }
}

TEST_CASE("the rights that a request needs", "[case-19]") {
  using enum BrokerAccess;
  MigrationRequest r = request();
  r.queue = "orders";
  r.strategy = Strategy::handoff;
  const Json bare = good().pod;
  Json of_a_set = bare;
  of_a_set["metadata"]["ownerReferences"] = {{{"kind", "StatefulSet"}, {"name", "s"}, {"controller", true}}};
  const auto handoff = needed_broker_rights(r, procedure_of(r, bare), "a");
  CHECK(std::count(handoff.begin(), handoff.end(), BrokerRight{configure, "ms2m.control.a"}) == 1);
  CHECK(std::count(handoff.begin(), handoff.end(), BrokerRight{write, "ms2m.a.tee", true}) == 0);
  const auto set = needed_broker_rights(r, procedure_of(r, of_a_set), "a");
  CHECK(std::count(set.begin(), set.end(), BrokerRight{configure, "ms2m.control.a"}) == 0);
  r.strategy = Strategy::shadow;
  const auto shadow = needed_broker_rights(r, procedure_of(r, bare), "a");
  CHECK(std::count(shadow.begin(), shadow.end(), BrokerRight{write, "ms2m.a.tee", true}) == 1);
  r.strategy = Strategy::handoff;
  r.protocol = Protocol::none;
  CHECK(needed_broker_rights(r, procedure_of(r, bare), "a") == std::vector<BrokerRight>{{read, "orders"}});
}
