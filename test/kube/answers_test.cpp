// Whether API server and kubelets answer: whatever they say is an answer, and nothing else is.
#include <atomic>

#include "api_server.hpp"
#include "kube/kube_cluster.hpp"
#include "raw_server.hpp"
#include "support.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

StopToken soon() { return StopToken{}.within(std::chrono::seconds(20)); }
StopToken at_once() { return StopToken{}.within(Millis{300}); }

/// A port on which nobody listens.
std::string nobody() {
  const RawServer gone([](int) {});
  return "https://127.0.0.1:" + std::to_string(gone.port());
}

}  // namespace

TEST_CASE("an API server answers, whatever it says") {
  int status = 200;
  ApiServer server([&](const httplib::Request&, httplib::Response& answer, int) {
    answer.status = status;
    answer.set_header("Retry-After", "30");
    answer.set_content("ok", "text/plain");
  });
  KubeCluster cluster(server.access());
  for (const int each : {200, 401, 403, 404, 429, 500, 503, 504}) {
    status = each;
    const std::size_t before = server.count();
    CHECK(cluster.answers(soon()) == true);
    CHECK(server.count() == before + 1);
  }
  const auto seen = server.seen();
  CHECK(seen.back().target == "/readyz");
  CHECK(seen.back().peer == "/O=devs/CN=alice");
  for (std::size_t i = 1; i < seen.size(); ++i) CHECK(seen[i].port != seen[i - 1].port);  // a connection of its own
}

TEST_CASE("one that says nothing, or is not there, does not answer") {
  ApiServer* self = nullptr;
  ApiServer server([&](const httplib::Request&, httplib::Response&, int) { self->hang(); });
  self = &server;
  CHECK(KubeCluster(server.access()).answers(at_once()) == false);
  CHECK(server.count() == 1);
  KubeAccess access = server.access();
  access.server = nobody();
  CHECK(KubeCluster(access).answers(soon()) == false);
  StopSource stop;
  stop.request_stop();
  CHECK_THROWS_AS(KubeCluster(server.access()).answers(stop.token()), Cancelled);
}

TEST_CASE("one that cannot be asked has not been silent") {
  ApiServer stranger([](const httplib::Request&, httplib::Response&, int) {}, "stranger");
  KubeAccess access = stranger.access();
  CHECK(KubeCluster(access).answers(soon()) == std::nullopt);  // somebody is there
  access.tls.certificate = {"/nonexistent.crt", ""};
  CHECK(KubeCluster(access).answers(soon()) == std::nullopt);
  CHECK(stranger.count() == 0);
}

TEST_CASE("a credential plugin is not waited for: asked without is answered, too") {
  ApiServer server([](const httplib::Request& request, httplib::Response& answer, int) {
    if (request.has_header("Authorization")) return answer_json(answer, 200, pod("consumer-0", "5"));
    answer_status(answer, 401, "Unauthorized", "Unauthorized");
  });
  KubeAccess access = server.access();
  access.tls.certificate = access.tls.key = {};
  access.exec = ExecPlugin{};
  access.exec->api_version = "client.authentication.k8s.io/v1";
  std::atomic<int> runs{0};
  StopSource enough;
  const RunProcess run = [&](const posix::RunSpec&, const StopToken& stop, const std::string&) {
    if (++runs == 1) stop.sleep(std::chrono::hours(1), "asking a person");
    posix::RunResult result;
    result.out =
        R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"made"}})";
    return result;
  };
  KubeCluster cluster(access, {}, run);
  CHECK(cluster.answers(soon()) == true);
  CHECK(runs == 0);
  std::thread person([&] { CHECK_THROWS_AS(cluster.log_in(enough.token()), Cancelled); });
  while (runs == 0) std::this_thread::yield();
  CHECK(cluster.answers(soon()) == true);
  enough.request_stop();
  person.join();
  cluster.log_in(soon());
  CHECK(cluster.answers(soon()) == true);
  CHECK(server.seen().back().header("Authorization") == "Bearer made");
}

TEST_CASE("a kubelet behind the API server") {
  HttpResponse says;
  ApiServer server([&](const httplib::Request&, httplib::Response& answer, int) {
    answer.status = says.status;
    answer.set_content(says.body, says.header("content-type"));
  });
  KubeCluster cluster(server.access());
  const auto answers = [&](int status, const std::string& body, const std::string& type) {
    says = {status, {{"content-type", type}}, body};
    const std::size_t before = server.count();
    const auto answer = cluster.kubelet_answers("worker-1", soon());
    CHECK(server.count() == before + 1);
    return answer;
  };
  CHECK(answers(200, "ok", "text/plain") == true);
  CHECK(server.seen().back().target == "/api/v1/nodes/worker-1/proxy/healthz");
  CHECK(answers(500, "[-]syncloop failed", "text/plain") == true);
  CHECK(answers(403, "Forbidden (user=x, verb=get, resource=nodes, subresource=healthz)", "text/plain") == true);

  const auto recorded = [&](const char* name) {
    says = recorded_answer(transcript(name));
    return answers(says.status, says.body, says.header("content-type"));
  };
  CHECK(recorded("checkpoint-kubelet-down-proxy") == false);
  for (const char* of_the_api_server : {"checkpoint-proxy-forbidden-nobody", "checkpoint-no-node", "err-401-bad-token"})
    CHECK(recorded(of_the_api_server) == std::nullopt);
  const auto status = [&](int code, const std::string& message) {
    return answers(code, Json{{"kind", "Status"}, {"apiVersion", "v1"}, {"message", message}, {"code", code}}.dump(),
                   "application/json");
  };
  CHECK(status(429, "too many requests") == std::nullopt);
  CHECK(status(503, "the server is currently unable to handle the request") == std::nullopt);
  CHECK(status(503, "error trying to reach service: dial tcp 198.18.0.11:10250: i/o timeout") == false);
  CHECK(status(503, "error trying to reach service: tls: failed to verify certificate: x509: unknown authority") ==
        std::nullopt);

  ApiServer* self = nullptr;
  ApiServer silent([&](const httplib::Request&, httplib::Response&, int) { self->hang(); });
  self = &silent;
  CHECK(KubeCluster(silent.access()).kubelet_answers("worker-1", at_once()) == false);
}

TEST_CASE("a kubelet itself, also when the API server is away meanwhile") {
  ApiServer kubelet([](const httplib::Request&, httplib::Response& answer, int) {
    answer.status = 403;
    answer.set_content("Forbidden", "text/plain");
  });
  KubeletOptions options;
  options.path = KubeletPath::direct;
  ApiServer* self = nullptr;
  ApiServer api([&](const httplib::Request&, httplib::Response& answer, int number) {
    if (number > 0) self->hang();
    answer_json(answer, 200,
                {{"metadata", {{"name", "worker-1"}}},
                 {"status",
                  {{"addresses", {{{"type", "InternalIP"}, {"address", "127.0.0.1"}}}},
                   {"daemonEndpoints", {{"kubeletEndpoint", {{"Port", kubelet.port()}}}}}}}});
  });
  self = &api;
  KubeCluster cluster(api.access(), options);
  CHECK(cluster.kubelet_answers("worker-1", soon()) == true);
  CHECK(kubelet.seen().back().target == "/healthz");
  CHECK(cluster.kubelet_answers("worker-1", soon()) == true);
  CHECK(api.count() == 1);
  CHECK(cluster.kubelet_answers("worker-2", at_once()) == std::nullopt);  // nobody says where it is
}
