// Requests that the API server hands on to a kubelet.
#include "compare.hpp"
#include "fake_kubelet.hpp"

using namespace ms2m::lab_test;

TEST_CASE("a kubelet's answers pass unchanged") {
  Cluster cluster;
  FakeKubelet kubelet(cluster.api.file(""));
  cluster.add_nodes(kubelet.address(), kubelet.address());
  for (const char* name :
       {"checkpoint-proxy-ok", "checkpoint-proxy-ok-sa-token", "checkpoint-proxy-port-suffix",
        "checkpoint-proxy-https-prefix", "checkpoint-proxy-timeout-1", "checkpoint-proxy-bad-path",
        "checkpoint-proxy-bad-timeout", "checkpoint-proxy-get-method", "checkpoint-proxy-no-pod",
        "checkpoint-proxy-no-container", "checkpoint-wrong-node", "checkpoint-gate-off-proxy",
        "checkpoint-negative-timeout", "checkpoint-fail-not-running", "checkpoint-fail-tcp-no-crun-conf",
        "checkpoint-crio-criu-disabled", "kubelet-configz", "apiserver-lacks-nodes-checkpoint/checkpoint-proxy-ok"}) {
    const Transcript transcript = load_transcript(name);
    kubelet.answer_with(transcript);
    check_answer(transcript, cluster.api.replay(transcript));
    CHECK(kubelet.last_client() == "kube-apiserver-kubelet-client");
    const std::string path = transcript.target.substr(transcript.target.find("/proxy/") + 6);
    CHECK(kubelet.last_target() == transcript.method + " " + path);
  }
}

TEST_CASE("the API server answers for a kubelet that it does not reach, or that the caller may not") {
  Cluster cluster;
  cluster.add_nodes("127.251.0.1", "127.251.0.2");  // nobody listens there
  for (const char* name : {"checkpoint-no-node", "checkpoint-kubelet-down-proxy", "node-down-checkpoint-proxy",
                           "checkpoint-proxy-unauthenticated", "checkpoint-proxy-forbidden-ms2m-viewer",
                           "checkpoint-proxy-forbidden-nobody"})
    check_replay(cluster.api, name);
}

TEST_CASE("a client that goes away ends the request to the kubelet") {
  Cluster cluster;
  FakeKubelet kubelet(cluster.api.file(""));
  cluster.add_nodes(kubelet.address(), kubelet.address());
  kubelet.answer_with(load_transcript("checkpoint-proxy-ok"));
  kubelet.hold(std::chrono::seconds(60));
  cluster.api.set_read_timeout(std::chrono::milliseconds(300));
  CHECK(cluster.api.replay(load_transcript("checkpoint-proxy-ok")).status == 0);
  CHECK(eventually([&] { return kubelet.saw_client_leave(); }));
}

TEST_CASE("the log of a pod comes from its kubelet") {
  Cluster cluster;
  FakeKubelet kubelet(cluster.api.file(""));
  cluster.add_nodes(kubelet.address(), kubelet.address());
  cluster.add_pod("consumer-0-shadow", {{"app", "consumer"}}, "worker-2");
  const Transcript log = load_transcript("log-of-shadow");
  kubelet.answer_with(log);
  check_answer(log, cluster.api.replay(log));
  CHECK(kubelet.last_target() == "GET /containerLogs/default/consumer-0-shadow/consumer?tailLines=5");
}

TEST_CASE("a request to a pod passes with its headers, but for what the API server keeps") {
  Cluster cluster;
  FakeKubelet listener(cluster.api.file(""));
  cluster.add_nodes("127.251.0.1", "127.251.0.2");
  cluster.add_pod("agent", {{"app", "agent"}}, "worker-1");
  const std::string proxy = "/api/v1/namespaces/default/pods/https:agent:10250/proxy";
  CHECK(cluster.api.call("admin", "GET", proxy + "/x").status == 400);  // it has no address yet
  cluster.make_ready("agent");
  Json status = cluster.pod("agent")["status"];
  status["podIP"] = listener.address();
  cluster.set_pod_status("agent", status);
  Transcript answer = load_transcript("checkpoint-proxy-ok");
  listener.answer_with(answer);
  const Reply reply = cluster.api.call("ms2m-admin", "POST", proxy + "/v1/x?at=0", "some\r\nbytes",
                                       "application/octet-stream", {{"Ms2m-Token", "secret"}});
  CHECK(reply.status == 200);
  CHECK(reply.body == answer.raw);
  CHECK(listener.last_target() == "POST /v1/x?at=0");
  CHECK(listener.last_header("Ms2m-Token") == "secret");
  CHECK(listener.last_header("Content-Type") == "application/octet-stream");
  CHECK(listener.last_header("Authorization").empty());
  CHECK(listener.last_body() == "some\r\nbytes");
  CHECK(listener.last_client().empty());
  CHECK(cluster.api.call("viewer", "GET", proxy + "/x").status == 403);
  CHECK(cluster.api.call("admin", "GET", "/api/v1/namespaces/default/pods/https:nobody:1/proxy/x").status == 404);
  const Reply refused = cluster.api.call("admin", "GET", "/api/v1/namespaces/default/pods/https:agent:1/proxy/x");
  CHECK(refused.status == 503);
  CHECK(refused.json()["message"] ==
        "error trying to reach service: dial tcp " + listener.address() + ":1: connect: connection refused");
}
