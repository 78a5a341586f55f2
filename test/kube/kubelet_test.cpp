// Checkpoints and metrics through the proxy and directly.
#include "api_server.hpp"
#include "kube/kube_cluster.hpp"
#include "kube/kubelet.hpp"
#include "support.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

StopToken soon() { return StopToken{}.within(std::chrono::seconds(60)); }

void replay(httplib::Response& answer, const std::string& name) {
  const HttpResponse recorded = recorded_answer(transcript(name));
  answer.status = recorded.status;
  answer.set_content(recorded.body, recorded.header("content-type"));
}

Json node_at(int port) {
  return {{"metadata", {{"name", "worker-1"}}},
          {"status",
           {{"addresses",
             {{{"type", "Hostname"}, {"address", "worker-1"}}, {{"type", "InternalIP"}, {"address", "127.0.0.1"}}}},
            {"daemonEndpoints", {{"kubeletEndpoint", {{"Port", port}}}}}}}};
}

}  // namespace

TEST_CASE("a checkpoint through the API server's proxy") {
  std::string name = "checkpoint-proxy-ok";
  ApiServer server([&](const httplib::Request&, httplib::Response& answer, int) { replay(answer, name); });
  KubeCluster cluster(server.access());
  CHECK(cluster.checkpoint("worker-1", "default", "consumer-0", "consumer", soon()).path ==
        "/var/lib/kubelet/checkpoints/checkpoint-consumer-0_default-consumer-2026-11-21T21:15:28Z.tar");
  CHECK(server.seen().back().method == "POST");
  CHECK(server.seen().back().target == "/api/v1/nodes/worker-1/proxy/checkpoint/default/consumer-0/consumer");
  CHECK(server.seen().back().body.empty());
  cluster.checkpoint("worker-1", "default", "consumer-0", "consumer",
                     StopToken{}.within(std::chrono::milliseconds(600'900)));
  CHECK(contains(server.seen().back().target, "/consumer?timeout=600"));

  const std::pair<const char*, ErrorKind> failures[] = {
      {"checkpoint-fail-tcp-no-crun-conf", ErrorKind::failed},
      {"checkpoint-kubelet-down-proxy", ErrorKind::unavailable},
      {"checkpoint-fail-cri-timeout", ErrorKind::timeout},
      {"checkpoint-proxy-forbidden-ms2m-viewer", ErrorKind::forbidden}};
  for (const auto& [transcript_name, kind] : failures) {
    name = transcript_name;
    const std::size_t before = server.count();
    CHECK(error_of([&] { cluster.checkpoint("worker-1", "default", "consumer-0", "consumer", soon()); }).kind() ==
          kind);
    CHECK(server.count() == before + 1);  // never repeated
  }
}

TEST_CASE("a checkpoint is never asked for twice") {
  ApiServer* self = nullptr;
  std::string mode;
  ApiServer server([&](const httplib::Request&, httplib::Response& answer, int) {
    if (mode == "429") {
      answer_status(answer, 429, "TooManyRequests", "slow down");
      return answer.set_header("Retry-After", "0");
    }
    if (mode == "hang") return self->hang();
    answer_events(answer, *self, {Json(1)}, End::cut);
  });
  self = &server;
  KubeCluster cluster(server.access());
  const auto checkpoint = [&](const StopToken& stop) {
    return error_of([&] { cluster.checkpoint("w", "ns", "p", "c", stop); });
  };
  for (const char* m : {"429", "cut"}) {
    mode = m;
    const std::size_t before = server.count();
    const Error e = checkpoint(soon());
    CHECK(e.kind() == ErrorKind::unavailable);
    CHECK(contains(e.what(), mode == "429" ? "slow down" : "the dump may go on there"));
    CHECK(server.count() == before + 1);
  }
  mode = "hang";
  const Error e = checkpoint(StopToken{}.within(Millis{3000}));
  CHECK(e.kind() == ErrorKind::timeout);
  CHECK(contains(e.what(), "the dump goes on there"));
}

TEST_CASE("the feature gate is read from the first part of the metrics") {
  ApiServer* self = nullptr;
  int status = 200;
  std::string value = "1";
  ApiServer server([&](const httplib::Request&, httplib::Response& answer, int) {
    if (status == 404) return answer_status(answer, 404, "NotFound", "nodes \"worker-1\" not found", "worker-1");
    if (status != 200) return answer_status(answer, status, "X", "no");
    answer.set_chunked_content_provider("text/plain", [self, value](std::size_t, httplib::DataSink& sink) {
      std::string text;
      for (int i = 0; i < 3000; ++i) text += "some_metric{n=\"" + std::to_string(i) + "\"} 1\n";
      if (!value.empty())
        text += "kubernetes_feature_enabled{name=\"ContainerCheckpoint\",stage=\"BETA\"} " + value + "\n";
      if (!sink.write(text.data(), text.size())) return false;
      if (!value.empty()) self->hang();  // whoever reads on waits for ever
      sink.done();
      return true;
    });
  });
  self = &server;
  KubeCluster cluster(server.access());
  CHECK(cluster.checkpoint_enabled("worker-1", soon()) == std::optional(true));
  CHECK(server.seen().back().target == "/api/v1/nodes/worker-1/proxy/metrics");
  value = "0";
  CHECK(cluster.checkpoint_enabled("worker-1", soon()) == std::optional(false));
  value = "";
  CHECK(cluster.checkpoint_enabled("worker-1", soon()) == std::nullopt);
  status = 403;
  CHECK(cluster.checkpoint_enabled("worker-1", soon()) == std::nullopt);
  status = 404;
  CHECK(error_of([&] { cluster.checkpoint_enabled("worker-1", soon()); }).kind() == ErrorKind::not_found);
  status = 503;
  CHECK(error_of([&] { cluster.checkpoint_enabled("worker-1", soon()); }).kind() == ErrorKind::unavailable);
}

TEST_CASE("how long a kubelet waits for its container runtime is told by its configuration") {
  HttpResponse config = recorded_answer(transcript("kubelet-configz"));
  ApiServer server([&](const httplib::Request&, httplib::Response& answer, int) {
    answer.status = config.status;
    answer.set_content(config.body, "application/json");
  });
  KubeCluster cluster(server.access());
  CHECK(cluster.kubelet_patience("worker-1", soon()) == Millis{120'000});
  CHECK(server.seen().back().target == "/api/v1/nodes/worker-1/proxy/configz");
  config.body = R"({"kubeletconfig":{}})";
  CHECK(cluster.kubelet_patience("worker-1", soon()) == std::nullopt);
  config.status = 403;
  CHECK(cluster.kubelet_patience("worker-1", soon()) == std::nullopt);

  CHECK(parse_go_duration("1m30s") == Millis{90'000});
  CHECK(parse_go_duration("1h0m0.5s") == Millis{3'600'500});
  CHECK(parse_go_duration("300ms") == Millis{300});
  for (const char* none : {"", "0s", "12", "s", "-1m", "1m x", "5us", "1e99h"})
    CHECK(parse_go_duration(none) == std::nullopt);
}

TEST_CASE("whether a kubelet ends a pod is told by its own list") {
  const std::string uid = "0ad20d10-bb97-4976-927f-3d7dbc48963d";
  HttpResponse list = recorded_answer(transcript("kubelet-pods"));
  ApiServer server([&](const httplib::Request&, httplib::Response& answer, int) {
    answer.status = list.status;
    answer.set_content(list.body, "application/json");
  });
  KubeCluster cluster(server.access());
  const auto ends = [&] { return cluster.kubelet_ends("worker-1", uid, soon()); };
  CHECK(ends() == std::optional(false));
  CHECK(server.seen().back().target == "/api/v1/nodes/worker-1/proxy/pods");

  Json pods = Json::parse(list.body);
  pods["items"][0]["metadata"]["deletionTimestamp"] = "2026-11-21T21:15:30Z";
  list.body = pods.dump();
  CHECK(ends() == std::optional(true));
  pods["items"] = nullptr;
  list.body = pods.dump();
  CHECK(ends() == std::optional(true));

  for (const char* cannot_tell : {"checkpoint-proxy-forbidden-ms2m-viewer", "checkpoint-kubelet-down-proxy"}) {
    list = recorded_answer(transcript(cannot_tell));
    CHECK(ends() == std::nullopt);
  }
}

TEST_CASE("the kubelet directly") {
  std::string name = "checkpoint-direct-ok";
  const auto handler = [&](const httplib::Request&, httplib::Response& answer, int) { replay(answer, name); };
  ApiServer kubelet(handler), self_signed(handler, "stranger");
  int port = kubelet.port();
  ApiServer api(
      [&](const httplib::Request&, httplib::Response& answer, int) { answer_json(answer, 200, node_at(port)); });
  KubeletOptions options;
  options.path = KubeletPath::direct;
  KubeAccess access = api.access();
  access.as = "boss";

  SECTION("its certificate is of the cluster's CA") {
    KubeCluster cluster(access, options);
    CHECK(contains(cluster.checkpoint("worker-1", "default", "consumer-0", "consumer", soon()).path,
                   "checkpoint-consumer-0_default"));
    CHECK(kubelet.seen().back().target == "/checkpoint/default/consumer-0/consumer");
    CHECK(kubelet.seen().back().peer == "/O=devs/CN=alice");
    CHECK(kubelet.seen().back().header("Impersonate-User").empty());
    name = "checkpoint-direct-forbidden-nobody";
    const Error e = error_of([&] { cluster.checkpoint("worker-1", "default", "consumer-0", "consumer", soon()); });
    CHECK(e.kind() == ErrorKind::forbidden);
    CHECK(contains(e.what(), "refuses user \"rig-nobody\""));
  }
  SECTION("it signs its own") {
    port = self_signed.port();
    const Error e = error_of(
        [&] { KubeCluster(access, options).checkpoint("worker-1", "default", "consumer-0", "consumer", soon()); });
    CHECK(e.kind() == ErrorKind::forbidden);
    CHECK(contains(e.remedy(), "signs its own serving certificate"));
    CHECK(self_signed.count() == 0);
    options.ca_file = Certificates::get().file("stranger.crt");
    CHECK_FALSE(
        KubeCluster(access, options).checkpoint("worker-1", "default", "consumer-0", "consumer", soon()).path.empty());
    options = {KubeletPath::direct, "", true};
    CHECK_FALSE(
        KubeCluster(access, options).checkpoint("worker-1", "default", "consumer-0", "consumer", soon()).path.empty());
  }
  SECTION("the node does not exist, or has no address") {
    ApiServer empty([&](const httplib::Request& request, httplib::Response& answer, int) {
      if (request.path == "/api/v1/nodes/worker-1")
        return answer_json(answer, 200, {{"metadata", {{"name", "worker-1"}}}});
      answer_status(answer, 404, "NotFound", "nodes \"worker-9\" not found", "worker-9");
    });
    KubeCluster cluster(empty.access(), options);
    CHECK(error_of([&] { cluster.checkpoint("worker-9", "a", "b", "c", soon()); }).kind() == ErrorKind::not_found);
    CHECK(error_of([&] { cluster.checkpoint("worker-1", "a", "b", "c", soon()); }).kind() == ErrorKind::failed);
  }
}
