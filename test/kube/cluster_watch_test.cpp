// Watches: what is delivered when the server ends, drops, expires or restarts them.
#include <algorithm>
#include <atomic>

#include "api_server.hpp"
#include "kube/kube_cluster.hpp"
#include "support.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

const ObjectRef kPod{Kind::pod, "default", "consumer-0"};
StopToken soon() { return StopToken{}.within(std::chrono::seconds(60)); }

Json gone(const std::string& message = "too old resource version: 1 (1099)") {
  return event("ERROR", {{"kind", "Status"}, {"message", message}, {"reason", "Expired"}, {"code", 410}});
}

/// One step of a script: the answer to one list or one watch.
struct Step {
  Json list;  ///< not null: a list's answer
  std::vector<Json> events{};
  End end = End::proper;
  int status = 200;  ///< otherwise: a Status
};

using Steps = std::vector<Step>;

/// Plays the steps in order; the last one again and again.
class Script {
 public:
  explicit Script(Steps steps)
      : steps_(std::move(steps)),
        server_([this](const httplib::Request& request, httplib::Response& answer, int number) {
          const Step& step = steps_.at(std::min(static_cast<std::size_t>(number), steps_.size() - 1));
          if (step.status != 200) return answer_status(answer, step.status, "X", "trouble");
          if (request.has_param("watch") != step.list.is_null())
            return answer_status(answer, 400, "BadRequest", "not in the script");
          if (!step.list.is_null()) return answer_json(answer, 200, step.list);
          answer_events(answer, server_, step.events, step.end);
        }) {}
  ApiServer& server() { return server_; }

 private:
  Steps steps_;
  ApiServer server_;
};

/// What `done` gets, as "resourceVersion/uid" or "-", until `last`.
std::vector<std::string> watched(ApiServer& server, const std::string& last, const StopToken& stop = soon()) {
  KubeCluster cluster(server.access());
  std::vector<std::string> states;
  cluster.watch(
      kPod,
      [&](const Json* object) {
        states.push_back(object == nullptr ? "-"
                                           : object->at("metadata").at("resourceVersion").get<std::string>() + "/" +
                                                 object->at("metadata").at("uid").get<std::string>());
        return states.back() == last;
      },
      stop);
  return states;
}

using States = std::vector<std::string>;
Json p(const std::string& version, const std::string& uid = "u") { return pod("consumer-0", version, uid); }

}  // namespace

TEST_CASE("the present state first, then every change; what is enough at once needs no watch") {
  Script script(Steps{{pod_list("10", {p("7")})},
                      {nullptr, {event("MODIFIED", p("11")), event("MODIFIED", p("12"))}, End::open}});
  CHECK(watched(script.server(), "12/u") == States{"7/u", "11/u", "12/u"});
  const auto seen = script.server().seen();
  CHECK(seen[0].target == "/api/v1/namespaces/default/pods?fieldSelector=metadata.name%3Dconsumer-0");
  CHECK(contains(
      seen[1].target,
      "/api/v1/namespaces/default/pods?watch=true&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dconsumer-0"
      "&resourceVersion=10&timeoutSeconds=2"));
  Script enough(Steps{{pod_list("10", {p("7")})}});
  CHECK(watched(enough.server(), "7/u") == States{"7/u"});
  CHECK(enough.server().count() == 1);
}

TEST_CASE("absence is a state: not yet there, deleted, there again under another uid") {
  Script script(Steps{{pod_list("10", {})},
                      {nullptr,
                       {event("ADDED", p("11", "a")), event("DELETED", p("12", "a")), event("ADDED", p("13", "b"))},
                       End::open}});
  CHECK(watched(script.server(), "13/b") == States{"-", "11/a", "-", "13/b"});
}

TEST_CASE("a dropped watch goes on where it was, bookmarks included") {
  Script script(Steps{{pod_list("10", {p("7")})},
                      {nullptr, {event("MODIFIED", p("11"))}, End::cut},
                      {nullptr, {event("BOOKMARK", {{"metadata", {{"resourceVersion", "50"}}}})}, End::proper},
                      {nullptr, {}, End::cut},
                      {nullptr, {event("MODIFIED", p("51"))}, End::open}});
  CHECK(watched(script.server(), "51/u") == States{"7/u", "11/u", "51/u"});
  const auto seen = script.server().seen();
  REQUIRE(seen.size() == 5);
  CHECK(contains(seen[2].target, "resourceVersion=11&"));
  CHECK(contains(seen[3].target, "resourceVersion=50&"));
  CHECK(contains(seen[4].target, "resourceVersion=50&"));
}

TEST_CASE("an expired version is listed anew, and nothing is delivered twice") {
  Script by_event(Steps{{pod_list("10", {p("7")})},
                        {nullptr, {gone()}, End::proper},
                        {pod_list("90", {p("7")})},
                        {nullptr, {gone()}, End::proper},
                        {pod_list("95", {p("94", "v")})}});
  CHECK(watched(by_event.server(), "94/v") == States{"7/u", "94/v"});
  CHECK(contains(by_event.server().seen()[3].target, "resourceVersion=90&"));
  Script by_status(Steps{{pod_list("10", {p("7")})}, {nullptr, {}, End::proper, 410}, {pod_list("90", {})}});
  CHECK(watched(by_status.server(), "-") == States{"7/u", "-"});
}

TEST_CASE("a server in trouble is waited for, a refusal is not") {
  Script restarting(Steps{{pod_list("10", {p("7")})},
                          {nullptr, {}, End::proper, 503},
                          {nullptr, {}, End::proper, 500},
                          {nullptr, {event("ERROR", {{"code", 500}, {"message", "etcd"}})}, End::proper},
                          {nullptr, {event("MODIFIED", p("11"))}, End::open}});
  CHECK(watched(restarting.server(), "11/u") == States{"7/u", "11/u"});
  Script refusing(Steps{{pod_list("10", {p("7")})}, {nullptr, {}, End::proper, 403}});
  const Error e = error_of([&] { watched(refusing.server(), "11/u"); });
  CHECK(e.kind() == ErrorKind::forbidden);
  CHECK(contains(e.what(), "watching pod default/consumer-0: trouble"));
  Script nonsense(Steps{{pod_list("10", {p("7")})}, {nullptr, {Json("what?")}, End::proper}});
  CHECK(error_of([&] { watched(nonsense.server(), "11/u"); }).kind() == ErrorKind::protocol);
}

TEST_CASE("the deadline names the watch and its last trouble, a stop ends it at once") {
  const Steps steps{{pod_list("10", {p("7")})}, {nullptr, {}, End::open}};
  Script late(steps);
  const TimePoint began = Clock::now();
  const Error e = error_of([&] { watched(late.server(), "never", StopToken{}.within(Millis{2000})); });
  CHECK(e.kind() == ErrorKind::timeout);
  CHECK(std::string(e.what()) == "timed out watching pod default/consumer-0");
  CHECK(Clock::now() - began < Millis{12000});  // on a machine that does other things, too

  Script script(steps);
  StopSource source;
  TimePoint stopped;
  std::thread stopper([&] {
    script.server().wait_for_requests(2);
    stopped = Clock::now();
    source.request_stop();
  });
  CHECK_THROWS_AS(watched(script.server(), "never", source.token()), Cancelled);
  stopper.join();
  CHECK(Clock::now() - stopped < Millis{10000});
}

TEST_CASE("what `done` throws passes through, whatever it is") {
  for (const bool in_list : {true, false}) {
    Script script(Steps{{pod_list("10", {p("7")})}, {nullptr, {event("MODIFIED", p("11"))}, End::open}});
    KubeCluster cluster(script.server().access());
    const auto thrower = [&](const Json* object) -> bool {
      if (!in_list && object->at("metadata").at("resourceVersion") == "7") return false;
      throw Error(ErrorKind::unavailable, "mine");
    };
    const Error e = error_of([&] { cluster.watch(kPod, thrower, soon()); });
    CHECK(std::string(e.what()) == "mine");
    CHECK(script.server().count() == (in_list ? 1 : 2));
  }
}

TEST_CASE("an event is delivered when its line arrives") {
  std::atomic<std::int64_t> written{0};
  std::atomic<int> delivered{0};
  std::atomic<bool> over{false};
  ApiServer* self = nullptr;
  ApiServer server([&](const httplib::Request& request, httplib::Response& answer, int) {
    if (!request.has_param("watch")) return answer_json(answer, 200, pod_list("10", {p("7")}));
    answer.set_chunked_content_provider("application/json", [&](std::size_t, httplib::DataSink& sink) {
      for (int i = 0; i < 50; ++i) {
        // No line before the one before it was delivered: what is kept back until more comes is never delivered.
        while (delivered <= i && !over) std::this_thread::sleep_for(Millis{1});
        const std::string line = event("MODIFIED", p(std::to_string(100 + i))).dump() + "\n";
        written = Clock::now().time_since_epoch().count();
        if (!sink.write(line.data(), line.size())) return false;
      }
      self->hang();
      return false;
    });
  });
  self = &server;
  const struct End {
    std::atomic<bool>& over;
    ~End() { over = true; }
  } end{over};
  KubeCluster cluster(server.access());
  std::vector<std::int64_t> late;
  cluster.watch(
      kPod,
      [&](const Json* object) {
        if (written != 0) late.push_back(Clock::now().time_since_epoch().count() - written);
        ++delivered;
        return object->at("metadata").at("resourceVersion") == "149";
      },
      soon());
  std::sort(late.begin(), late.end());
  REQUIRE(late.size() >= 50);
  WARN("event latency: median " << late[late.size() / 2] / 1000 << " us, worst " << late.back() / 1000 << " us");
  CHECK(late[late.size() / 2] < 500'000'000);
}

TEST_CASE("the recorded watch of a real cluster") {
  const Json recorded = transcript("watch-shadow-pod");
  std::vector<Json> events;
  for (const Json& entry : recorded.at("response").at("stream")) events.push_back(entry.at("line"));
  ApiServer* self = nullptr;
  ApiServer server([&](const httplib::Request& request, httplib::Response& answer, int) {
    if (!request.has_param("watch"))
      return answer.set_content(transcript("list-pods-for-watch").at("response").at("body_raw").get<std::string>(),
                                "application/json");
    answer_events(answer, *self, events, End::open);
  });
  self = &server;
  KubeCluster cluster(server.access());
  std::vector<std::string> phases;
  cluster.watch(
      {Kind::pod, "default", "consumer-0-shadow"},
      [&](const Json* object) {
        phases.push_back(object == nullptr ? "-" : object->at("status").value("phase", "?"));
        return phases.size() > 1 && object == nullptr;
      },
      soon());
  CHECK(phases.front() == "-");
  CHECK(phases[1] == "Pending");
  CHECK(phases[phases.size() - 2] == "Succeeded");
  CHECK(phases.back() == "-");
}
