// What of a stream and of its consumer speaks against a replay.
#include <algorithm>

#include "ms2m/error.hpp"
#include "support/error_of.hpp"
#include "support/preflight_facts.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;

namespace {

MigrationRequest replay() {
  MigrationRequest r = request();
  r.strategy = Strategy::replay;
  return r;
}

/// Of a stream whose consumer answers, on nodes that nobody can work on.
Facts of_a_stream() {
  Facts f = good();
  f.queue->type = "stream";
  f.depth = QueueDepth{300, 0};
  f.stream = ConsumerStatus{"app.events", "", 0, 299, "abc"};
  f.source.image = f.target.image = std::nullopt;
  f.source.look = f.target.look = {};
  f.source.tools = f.target.tools = {};
  f.checkpoint_gate.reset();
  return f;
}

bool says(const Facts& facts, const std::string& text) {
  const auto all = findings(facts, replay());
  return std::any_of(all.begin(), all.end(),
                     [&](const Finding& each) { return each.text.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("a replay needs a stream, and nothing of the nodes", "[preflight][stream]") {
  Facts f = of_a_stream();
  CHECK(refusal(f, replay()).empty());
  CHECK(warning(f, replay()).empty());
  CHECK(says(f, "is at offset 299 of app.events, its state begins at 0"));
  for (const Finding& each : findings(f, replay())) CHECK(each.check != "node-access");

  Facts otherwise = good();
  otherwise.queue->type = "stream";
  otherwise.depth = QueueDepth{300, 0};
  CHECK_THAT(refusal(otherwise), Contains("is a stream"));  // not: nobody consumes it
  for (const char* type : {"classic", "quorum"}) {
    f.queue->type = type;
    CHECK_THAT(refusal(f, replay()), Contains(type) && Contains("what was taken from it is gone"));
  }
  f = of_a_stream();
  f.admin_version.reset();
  f.queue.reset();
  CHECK_THAT(refusal(f, replay()), Contains("management API cannot be reached"));
}

TEST_CASE("what the consumer of a stream says of itself", "[preflight][stream]") {
  Facts f = of_a_stream();
  f.stream.reset();
  CHECK_THAT(refusal(f, replay()), Contains("does not answer STATUS in ms2m.control.consumer-0"));
  f.unasked = {{Question::status, true, {"the consumer's answer to STATUS is none: 7", "see there"}}};
  CHECK_THAT(refusal(f, replay()), Contains("answer to STATUS is none"));
  f = of_a_stream();
  f.source_control.reset();
  f.stream.reset();
  CHECK_THAT(refusal(f, replay()), Contains("there is no queue ms2m.control.consumer-0"));
  f = of_a_stream();
  f.stream->queue = "other";
  CHECK_THAT(refusal(f, replay()), Contains("says that it reads other"));
  f = of_a_stream();
  f.stream->role = "hold";
  CHECK_THAT(refusal(f, replay()), Contains("in the role \"hold\""));
  f = of_a_stream();
  f.stream->first = f.stream->offset = -1;
  CHECK_THAT(refusal(f, replay()), Contains("has taken nothing from app.events yet"));
  f = of_a_stream();
  MigrationRequest late = replay();
  late.from = "300";
  CHECK_THAT(refusal(f, late), Contains("--from 300 comes after offset 299"));
  for (const char* from : {"299", "first", "2020-11-29T18:00:00Z"}) {
    late.from = from;
    CHECK(refusal(f, late).empty());
  }
  late.from = "2999-11-29T18:00:00Z";
  CHECK_THAT(refusal(f, late), Contains("--from 2999-11-29T18:00:00Z has not come yet"));
  f.stream->state.clear();
  CHECK(says(f, "it does not tell its state"));
}

TEST_CASE("the offset of a consumer that does not answer STATUS is the operator's command's", "[preflight][stream]") {
  Facts f = of_a_stream();
  f.stream = ConsumerStatus{"app.events", "", -1, 299, ""};
  MigrationRequest by_command = replay();
  by_command.offset_command = "cat /run/offset";
  by_command.from = "first";
  CHECK(refusal(f, by_command).empty());
  const auto all = findings(f, by_command);
  CHECK(std::any_of(all.begin(), all.end(), [](const Finding& each) {
    return each.text.find("is at offset 299 of app.events, as --offset-command says") != std::string::npos;
  }));
  by_command.from = "300";
  CHECK_THAT(refusal(f, by_command), Contains("--from 300 comes after offset 299"));
  f.stream->offset = -1;
  by_command.from = "first";
  CHECK_THAT(refusal(f, by_command), Contains("has taken nothing from app.events yet"));
  f.stream.reset();
  f.unasked = {{Question::status, true, {"--offset-command for pod consumer-0: exit status 3: because", "run it"}}};
  CHECK_THAT(refusal(f, by_command), Contains("exit status 3: because"));
}

TEST_CASE("a copy that reads its stream on needs the nodes, and the consumer's offset", "[preflight][stream]") {
  MigrationRequest reads_on = replay();
  reads_on.from = kFromCheckpoint;
  Facts f = good();
  f.queue->type = "stream";
  f.depth = QueueDepth{300, 0};
  f.stream = ConsumerStatus{"app.events", "", 0, 299, "abc"};
  CHECK(refusal(f, reads_on).empty());
  f.queue->arguments = {{"x-max-age", "7D"}};
  CHECK_THAT(warning(f, reads_on), Contains("(max-age): what is dropped after the checkpoint"));
  f.checkpoint_gate = false;
  CHECK_THAT(refusal(f, reads_on), Contains("has checkpoints switched off"));
  f.checkpoint_gate = true;
  f.stream.reset();
  CHECK_THAT(refusal(f, reads_on), Contains("does not answer STATUS in ms2m.control.consumer-0"));
  f.stream = ConsumerStatus{"app.events", "", 0, 299, "abc"};
  f.queue->type = "classic";
  CHECK_THAT(refusal(f, reads_on), Contains("app.events is a classic queue"));
  f.queue->type = "stream";
  f.pod["metadata"]["ownerReferences"] = Json::array({{{"kind", "ReplicaSet"}, {"name", "web"}, {"controller", true}}});
  CHECK_THAT(refusal(f, reads_on), Contains("the pod belongs to ReplicaSet web"));
}

TEST_CASE("a stream that drops messages is warned of", "[preflight][stream]") {
  Facts f = of_a_stream();
  f.queue->arguments = {{"x-max-age", "7D"}};
  CHECK_THAT(warning(f, replay()), Contains("drops its oldest messages (max-age)"));
  f = of_a_stream();
  f.queue->policy = {{"max-length-bytes", 1000000}};
  CHECK_THAT(warning(f, replay()), Contains("drops its oldest messages (max-length-bytes)"));
}

TEST_CASE("a replay is for bare pods that can run beside another one", "[preflight][stream]") {
  Facts f = of_a_stream();
  for (const char* kind : {"ReplicaSet", "StatefulSet", "DaemonSet"}) {
    f.pod["metadata"]["ownerReferences"] = Json::array({{{"kind", kind}, {"name", "web"}, {"controller", true}}});
    CHECK_THAT(refusal(f, replay()), Contains(std::string("the pod belongs to ") + kind + " web"));
  }
  f = of_a_stream();
  f.pod["spec"]["hostNetwork"] = true;
  CHECK_THAT(refusal(f, replay()), Contains("host's network"));
  f = of_a_stream();
  f.pod["spec"]["volumes"] = Json::array({{{"name", "scratch"}, {"emptyDir", Json::object()}}});
  f.pod["spec"]["containers"][0]["volumeMounts"] = Json::array({{{"name", "scratch"}, {"mountPath", "/tmp"}}});
  CHECK(refusal(f, replay()).empty());  // what is in it is no part of the state
  f.pod["spec"]["volumes"] = Json::array({{{"name", "data"}, {"hostPath", {{"path", "/data"}}}}});
  CHECK_THAT(refusal(f, replay()), Contains("hostPath volume data"));
}

TEST_CASE("what the source takes from elsewhere is not in the stream", "[preflight][stream]") {
  Facts f = of_a_stream();
  f.pod["status"]["podIP"] = "10.1.0.7";
  f.queue->elsewhere = {{"events", "10.1.0.7:41812 -> 10.1.0.2:5672", "10.1.0.7"}};
  CHECK_THAT(refusal(f, replay()), Contains("takes messages from events too: what it took from there is not in the"));
  MigrationRequest allowed = replay();
  allowed.allow_other_queues = true;
  CHECK(refusal(f, allowed).empty());
  CHECK_THAT(warning(f, allowed), Contains("its target does not know it"));
}

TEST_CASE("answers to STATUS", "[stream]") {
  const ConsumerStatus status = parse_consumer_status(
      R"({"type":"STATUS","payload":{"queue":"log","role":null,"first":3,"offset":12,"state":"x","more":1}})");
  CHECK(status.serves("log"));
  CHECK_FALSE(status.serves("other"));
  CHECK((status.first == 3 && status.offset == 12 && status.state == "x"));
  const ConsumerStatus fresh = parse_consumer_status(R"({"type":"STATUS","payload":{"queue":"log","role":"target"}})");
  CHECK_FALSE(fresh.serves("log"));
  CHECK((fresh.first == -1 && fresh.offset == -1 && fresh.state.empty()));
  for (const char* wrong :
       {"", "7", "{}", R"({"type":"STATUS"})", R"({"type":"OTHER","payload":{"queue":"log"}})",
        R"({"type":"STATUS","payload":{"queue":""}})", R"({"type":"STATUS","payload":{"queue":"log","offset":"7"}})",
        R"({"type":"STATUS","payload":{"queue":"log","first":7,"offset":6}})",
        R"({"type":"STATUS","payload":{"queue":"log","offset":6}})", R"({"type":"STATUS","payload":[]})"}) {
    INFO(wrong);
    CHECK(error_of([&] { parse_consumer_status(wrong); }).kind() == ErrorKind::protocol);
  }
}
