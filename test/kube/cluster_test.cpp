// The port's contract against a scripted API server: verbs, retries, renewals, ambiguous failures.
#include "kube/kube_cluster.hpp"

#include "api_server.hpp"
#include "support.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

const ObjectRef kPod{Kind::pod, "default", "consumer-0"};
const std::string kPods = "/api/v1/namespaces/default/pods";

Json with_id(Json object, const std::string& id, const char* map = "annotations") {
  object["metadata"][map]["ms2m.io/id"] = id;
  return object;
}

StopToken soon() { return StopToken{}.within(std::chrono::seconds(60)); }

}  // namespace

TEST_CASE("reading an object, and what is not there") {
  ApiServer server([](const httplib::Request& request, httplib::Response& answer, int) {
    if (request.path == kPods + "/consumer-0") return answer_json(answer, 200, pod("consumer-0", "5"));
    if (request.path == kPods + "/nope")
      return answer_status(answer, 404, "NotFound", "pods \"nope\" not found", "nope");
    if (request.path == kPods + "/odd") return answer.set_content("[]", "application/json");
    if (request.path == kPods + "/secret")
      return answer_status(answer, 403, "Forbidden",
                           "pods \"secret\" is forbidden: User \"alice\" cannot get resource \"pods\"", "secret");
    answer_status(answer, 404, "NotFound", "the server could not find the requested resource");
  });
  KubeCluster cluster(server.access());
  CHECK(cluster.get(kPod, soon())->at("metadata").at("uid") == "u1");
  CHECK_FALSE(cluster.get({Kind::pod, "default", "nope"}, soon()));
  CHECK(error_of([&] { cluster.get({Kind::lease, "default", "x"}, soon()); }).kind() == ErrorKind::not_found);
  CHECK(error_of([&] { cluster.get({Kind::pod, "default", "odd"}, soon()); }).kind() == ErrorKind::protocol);
  const Error e = error_of([&] { cluster.get({Kind::pod, "default", "secret"}, soon()); });
  CHECK(e.kind() == ErrorKind::forbidden);
  CHECK(std::string(e.what()) ==
        "reading pod default/secret: pods \"secret\" is forbidden: User \"alice\" cannot get resource \"pods\"");
  CHECK(e.remedy() == "grant it with examples/rbac.yaml");
  CHECK(server.seen().front().peer == "/O=devs/CN=alice");
  CHECK(contains(server.seen().front().header("User-Agent"), "ms2m"));
}

TEST_CASE("a list is read page by page, and begun again when its snapshot expires") {
  ApiServer server([](const httplib::Request& request, httplib::Response& answer, int number) {
    if (number == 1) return answer_status(answer, 410, "Expired", "The provided continue parameter is too old");
    Json list = pod_list("9", {pod(request.has_param("continue") ? "b" : "a", "1")});
    if (!request.has_param("continue")) list["metadata"]["continue"] = "next page/1";
    answer_json(answer, 200, list);
  });
  KubeCluster cluster(server.access());
  const auto items = cluster.list(Kind::pod, "default", "app=x,!y", "spec.nodeName=worker-1", soon());
  REQUIRE(items.size() == 2);
  CHECK(items[0]["metadata"]["name"] == "a");
  CHECK(items[1]["metadata"]["name"] == "b");
  CHECK(items[1]["kind"] == "Pod");
  CHECK(items[1]["apiVersion"] == "v1");
  CHECK(server.count() == 4);
  CHECK(server.seen()[0].target ==
        kPods + "?limit=500&labelSelector=app%3Dx%2C%21y&fieldSelector=spec.nodeName%3Dworker-1");
  CHECK(contains(server.seen()[3].target, "&continue=next%20page%2F1"));
}

TEST_CASE("creating") {
  ApiServer server([](const httplib::Request& request, httplib::Response& answer, int) {
    if (request.has_param("dryRun") || request.path == "/apis/apps/v1/namespaces/default/statefulsets")
      return answer_json(answer, 201, Json::parse(request.body));
    answer_status(answer, 409, "AlreadyExists", "pods \"consumer-0\" already exists", "consumer-0");
  });
  KubeCluster cluster(server.access());
  const Json set = cluster.create({Kind::stateful_set, "default", "s"}, {{"metadata", {{"name", "s"}}}}, {}, soon());
  CHECK(set["kind"] == "StatefulSet");
  CHECK(set["apiVersion"] == "apps/v1");
  CHECK(server.seen().back().header("Content-Type") == "application/json");
  cluster.create(kPod, pod("consumer-0", ""), {true}, soon());
  CHECK(server.seen().back().target == kPods + "?dryRun=All");
  CHECK(error_of([&] { cluster.create(kPod, pod("consumer-0", ""), {}, soon()); }).kind() == ErrorKind::conflict);
}

TEST_CASE("a creation whose answer is lost is read back by its id") {
  std::string stored;  // what the server has; empty: nothing
  ApiServer* self = nullptr;
  int posts = 0;
  ApiServer server([&](const httplib::Request& request, httplib::Response& answer, int) {
    if (request.method == "GET") {
      if (stored.empty()) return answer_status(answer, 404, "NotFound", "not found", "consumer-0");
      return answer_json(answer, 200, Json::parse(stored));
    }
    if (++posts == 1) return answer_events(answer, *self, {Json(1)}, End::cut);
    if (!stored.empty())
      return answer_status(answer, 409, "AlreadyExists", "pods \"consumer-0\" already exists", "consumer-0");
    answer_json(answer, 201, Json::parse(request.body));
  });
  self = &server;
  KubeCluster cluster(server.access());
  const Json mine = with_id(pod("consumer-0", ""), "m1");
  SECTION("it was carried out") {
    stored = with_id(pod("consumer-0", "7"), "m1").dump();
    CHECK(cluster.create(kPod, mine, {}, soon())["metadata"]["resourceVersion"] == "7");
    CHECK(posts == 1);
  }
  SECTION("it was carried out, the id is a label") {
    stored = with_id(pod("consumer-0", "7"), "m1", "labels").dump();
    CHECK(cluster.create(kPod, mine, {}, soon())["metadata"]["resourceVersion"] == "7");
  }
  SECTION("it was not: it is sent again") {
    CHECK(cluster.create(kPod, mine, {}, soon())["metadata"]["name"] == "consumer-0");
    CHECK(posts == 2);
  }
  SECTION("somebody else's object is there") {
    stored = with_id(pod("consumer-0", "7"), "other").dump();
    CHECK(error_of([&] { cluster.create(kPod, mine, {}, soon()); }).kind() == ErrorKind::conflict);
  }
}

TEST_CASE("patches carry their type") {
  ApiServer server([](const httplib::Request&, httplib::Response& answer, int) {
    answer_json(answer, 200, pod("consumer-0", "6"));
  });
  KubeCluster cluster(server.access());
  const std::pair<PatchType, std::string> types[] = {{PatchType::merge, "application/merge-patch+json"},
                                                     {PatchType::json, "application/json-patch+json"},
                                                     {PatchType::strategic, "application/strategic-merge-patch+json"}};
  for (const auto& [type, name] : types) {
    cluster.patch(kPod, type, {{"metadata", nullptr}}, soon());
    CHECK(server.seen().back().method == "PATCH");
    CHECK(server.seen().back().header("Content-Type") == name);
    CHECK(server.seen().back().body == "{\"metadata\":null}");
  }
}

TEST_CASE("deleting: options, and what counts as not there") {
  ApiServer* self = nullptr;
  ApiServer server([&](const httplib::Request& request, httplib::Response& answer, int number) {
    if (request.path == kPods + "/gone")
      return answer_status(answer, 404, "NotFound", "pods \"gone\" not found", "gone");
    if (request.path == kPods + "/other")
      return answer_status(answer, 409, "Conflict",
                           "the UID in the precondition (a) does not match the UID in record (b).", "other");
    if (request.path == kPods + "/busy") return answer_status(answer, 409, "Conflict", "somebody changed it", "busy");
    if (request.path == kPods + "/lost")
      return number == 1 ? answer_events(answer, *self, {Json(1)}, End::cut)
                         : answer_status(answer, 404, "NotFound", "gone", "lost");
    answer_json(answer, 200, pod("consumer-0", "8"));
  });
  self = &server;
  KubeCluster cluster(server.access());
  DeleteOptions options;
  options.uid = "a";
  options.grace_seconds = 0;
  options.propagation = "Orphan";
  CHECK(cluster.remove(kPod, options, soon()));
  CHECK(Json::parse(server.seen().back().body) == Json({{"apiVersion", "v1"},
                                                        {"kind", "DeleteOptions"},
                                                        {"gracePeriodSeconds", 0},
                                                        {"propagationPolicy", "Orphan"},
                                                        {"preconditions", {{"uid", "a"}}}}));
  CHECK(cluster.remove({Kind::pod, "default", "lost"}, {}, soon()));  // it was the first attempt that removed it
  CHECK_FALSE(cluster.remove({Kind::pod, "default", "gone"}, {}, soon()));
  CHECK_FALSE(cluster.remove({Kind::pod, "default", "other"}, options, soon()));
  CHECK(error_of([&] {
          cluster.remove({Kind::pod, "default", "busy"}, options, soon());
        }).kind() == ErrorKind::conflict);
}

TEST_CASE("busy and broken servers are asked again as client-go does") {
  ApiServer* self = nullptr;
  std::string mode;
  bool later = false;
  ApiServer server([&](const httplib::Request&, httplib::Response& answer, int number) {
    if (number >= 2 && mode != "always") return answer_json(answer, 200, pod("consumer-0", "5"));
    if (mode == "cut") return answer_events(answer, *self, {Json(1)}, End::cut);
    answer_status(answer, mode == "429" ? 429 : mode == "500" || mode == "always" ? 500 : 503, "Busy", "busy");
    if (mode == "429" || mode == "503") answer.set_header("Retry-After", number > 0 ? "0" : later ? "30" : "1");
  });
  self = &server;
  KubeCluster cluster(server.access());
  const TimePoint began = Clock::now();
  SECTION("429 with Retry-After, on a POST") {
    mode = "429";
    cluster.create(kPod, pod("consumer-0", ""), {}, soon());
    CHECK(server.count() == 3);
    CHECK(Clock::now() - began >= std::chrono::seconds(1));
  }
  SECTION("503 with Retry-After, on a POST") {
    mode = "503";
    cluster.create(kPod, pod("consumer-0", ""), {}, soon());
    CHECK(server.count() == 3);
  }
  SECTION("500 on a GET") {
    mode = "500";
    CHECK(cluster.get(kPod, soon()));
    CHECK(server.count() == 3);
  }
  SECTION("500 on a PUT is final") {
    mode = "500";
    const Error e = error_of([&] { cluster.update(kPod, pod("consumer-0", "1"), soon()); });
    CHECK(e.kind() == ErrorKind::unavailable);
    CHECK(std::string(e.what()) == "updating pod default/consumer-0: busy");
    CHECK(server.count() == 1);
  }
  SECTION("a cut connection on idempotent verbs") {
    mode = "cut";
    CHECK(cluster.get(kPod, soon()));
    CHECK(server.count() == 3);
  }
  SECTION("a cut connection on a JSON patch is final") {
    mode = "cut";
    CHECK(error_of([&] { cluster.patch(kPod, PatchType::json, Json::array(), soon()); }).kind() ==
          ErrorKind::unavailable);
    CHECK(server.count() == 1);
  }
  SECTION("not for ever") {
    mode = "always";
    CHECK(error_of([&] { cluster.get(kPod, soon()); }).kind() == ErrorKind::unavailable);
    CHECK(server.count() == 6);
  }
  SECTION("not beyond the deadline") {
    mode = "429";
    later = true;
    const Error e = error_of([&] { cluster.get(kPod, StopToken{}.within(Millis{5000})); });
    CHECK(e.kind() == ErrorKind::timeout);
    CHECK(contains(e.what(), "last answer: busy"));
    CHECK(Clock::now() - began < Millis{20000});
  }
}

TEST_CASE("a server that is not there") {
  KubeAccess access;
  access.server = "https://127.0.0.1:1";
  KubeCluster cluster(access);
  const Error e = error_of([&] { cluster.get(kPod, soon()); });
  CHECK(e.kind() == ErrorKind::unavailable);
  CHECK(contains(e.what(), "reading pod default/consumer-0: GET https://127.0.0.1:1/api"));
  CHECK(contains(e.remedy(), "kubectl cluster-info"));

  ApiServer stranger([](const httplib::Request&, httplib::Response&, int) {}, "stranger");
  KubeCluster other(stranger.access());
  Millis quickest{60000};  // of several: the machine may stand still for a moment
  for (int i = 0; i < 5; ++i) {
    const TimePoint began = Clock::now();
    const Error untrusted = error_of([&] { other.get(kPod, soon()); });
    quickest = std::min(quickest, std::chrono::ceil<Millis>(Clock::now() - began));
    CHECK(untrusted.kind() == ErrorKind::forbidden);
    CHECK(contains(untrusted.remedy(), "certificate-authority"));
  }
  CHECK(quickest < Millis{1200});  // asked once
}

TEST_CASE("a 401 renews the plugin's credential once") {
  int runs = 0;
  std::string accepted = "Bearer t2";
  ApiServer server([&](const httplib::Request& request, httplib::Response& answer, int) {
    if (request.get_header_value("Authorization") != accepted)
      return answer_status(answer, 401, "Unauthorized", "Unauthorized");
    answer_json(answer, 201, pod("consumer-0", "5"));
  });
  KubeAccess access = server.access();
  access.exec = ExecPlugin{};
  access.exec->api_version = "client.authentication.k8s.io/v1";
  access.exec->command = "login";
  const RunProcess run = [&](const posix::RunSpec&, const StopToken&, const std::string&) {
    posix::RunResult result;
    result.out = R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t)" +
                 std::to_string(++runs) + "\"}}";
    return result;
  };
  KubeCluster cluster(access, {}, run);
  cluster.create(kPod, pod("consumer-0", ""), {}, soon());
  CHECK(runs == 2);
  CHECK(server.count() == 2);
  accepted = "nothing";
  const Error e = error_of([&] { cluster.get(kPod, soon()); });
  CHECK(e.kind() == ErrorKind::forbidden);
  CHECK(runs == 3);
  CHECK(server.count() == 4);
}

TEST_CASE("a plugin's client certificate is presented") {
  ApiServer server([](const httplib::Request&, httplib::Response& answer, int) {
    answer_json(answer, 200, pod("consumer-0", "5"));
  });
  KubeAccess access = server.access();
  const Json status{{"clientCertificateData", access.tls.certificate.data}, {"clientKeyData", access.tls.key.data}};
  access.tls.certificate = access.tls.key = {};
  access.exec = ExecPlugin{};
  access.exec->api_version = "client.authentication.k8s.io/v1";
  const RunProcess run = [&](const posix::RunSpec&, const StopToken&, const std::string&) {
    posix::RunResult result;
    result.out =
        Json{{"apiVersion", "client.authentication.k8s.io/v1"}, {"kind", "ExecCredential"}, {"status", status}}.dump();
    return result;
  };
  KubeCluster cluster(access, {}, run);
  cluster.get(kPod, soon());
  CHECK(server.seen().back().peer == "/O=devs/CN=alice");
}

TEST_CASE("impersonation, basic authentication and tokens are sent") {
  ApiServer server([](const httplib::Request&, httplib::Response& answer, int) {
    answer_json(answer, 200, pod("consumer-0", "5"));
  });
  KubeAccess access = server.access();
  access.token = "tok";
  access.as = "boss";
  access.as_uid = "u-7";
  access.as_groups = {"a", "b"};
  access.as_extra = {{"my/scope", "x"}};
  KubeCluster cluster(access);
  cluster.get(kPod, soon());
  const SeenRequest seen = server.seen().back();
  CHECK(seen.header("Authorization") == "Bearer tok");
  CHECK(seen.header("Impersonate-User") == "boss");
  CHECK(seen.header("Impersonate-Uid") == "u-7");
  CHECK(seen.headers.count("Impersonate-Group") == 2);
  CHECK(seen.header("Impersonate-Extra-my%2Fscope") == "x");
  CHECK(cluster.description() == server.url() + " as alice impersonating boss");

  access = server.access();
  access.username = "joe";
  access.password = "pw";
  KubeCluster(access).get(kPod, soon());
  CHECK(server.seen().back().header("Authorization") == "Basic am9lOnB3");
}

TEST_CASE("rights and version") {
  ApiServer server([](const httplib::Request& request, httplib::Response& answer, int) {
    if (request.path == "/version") return answer_json(answer, 200, {{"gitVersion", "v1.36.2"}});
    const Json attributes = Json::parse(request.body).at("spec").at("resourceAttributes");
    answer_json(answer, 201,
                {{"status",
                  {{"allowed",
                    attributes ==
                        Json({{"verb", "create"}, {"resource", "nodes"}, {"subresource", "proxy"}, {"name", "w"}})}}}});
  });
  KubeCluster cluster(server.access());
  CHECK(cluster.server_version(soon()) == "v1.36.2");
  CHECK(cluster.allowed({"create", "", "nodes", "proxy", "", "w"}, soon()));
  CHECK_FALSE(cluster.allowed({"delete", "", "pods", "", "default", ""}, soon()));
  CHECK(server.seen().back().target == "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
  CHECK(cluster.default_namespace() == "default");
}

TEST_CASE("which cluster it is") {
  int status = 200;
  ApiServer server([&](const httplib::Request&, httplib::Response& answer, int) {
    answer_json(answer, status, {{"metadata", {{"name", "kube-system"}, {"uid", "u-1"}}}});
  });
  KubeAccess access = server.access();
  access.context = "lab";
  KubeCluster cluster(access);
  CHECK(cluster.identity(soon()).server == server.url());
  CHECK(cluster.identity(soon()).context == "lab");
  CHECK(cluster.identity(soon()).uid == "u-1");
  CHECK(server.seen().back().target == "/api/v1/namespaces/kube-system");
  status = 403;
  CHECK_FALSE(cluster.identity(soon()).uid);
  status = 404;
  CHECK_THROWS_WITH(cluster.identity(soon()), Catch::Contains("which cluster it is"));
}

TEST_CASE("an answer that takes longer than one may is asked for again") {
  ApiServer* self = nullptr;
  ApiServer server([&](const httplib::Request&, httplib::Response& answer, int number) {
    if (number == 0) return self->hang();
    answer_json(answer, 200, pod("consumer-0", "5"));
  });
  self = &server;
  KubeAccess access = server.access();
  access.request_limit = Millis{3000};
  const TimePoint begun = Clock::now();
  CHECK(KubeCluster(access).get(kPod, soon()).has_value());
  CHECK(Clock::now() - begun >= Millis{3000});
  CHECK(server.seen().size() == 2);
}

TEST_CASE("a hanging server: a stop takes effect at once") {
  ApiServer* self = nullptr;
  ApiServer server([&](const httplib::Request&, httplib::Response&, int) { self->hang(); });
  self = &server;
  KubeCluster cluster(server.access());
  StopSource source;
  TimePoint stopped;
  std::thread stopper([&] {
    server.wait_for_requests(1);
    stopped = Clock::now();
    source.request_stop();
  });
  CHECK_THROWS_AS(cluster.get(kPod, source.token()), Cancelled);
  stopper.join();
  CHECK(Clock::now() - stopped < Millis{10000});
}
