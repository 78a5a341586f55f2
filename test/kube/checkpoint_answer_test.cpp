// Every checkpoint answer that was recorded on a real cluster, as one sentence with its cure.
#include "kube/checkpoint_answer.hpp"

#include <filesystem>
#include <fstream>

#include "support.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

/// The call that a transcript's URL was.
CheckpointCall call_of(const Json& transcript) {
  std::string url = transcript.at("request").at("url").get<std::string>();
  url = url.substr(0, url.find('?'));
  CheckpointCall call;
  const auto proxy = url.find("/api/v1/nodes/");
  call.path = proxy == std::string::npos ? KubeletPath::direct : KubeletPath::proxy;
  call.node = "worker-1";
  if (proxy != std::string::npos) {
    const auto begin = proxy + 14;
    call.node = url.substr(begin, url.find('/', begin) - begin);
  }
  std::istringstream parts(url.substr(url.find("/checkpoint/") + 12));
  std::getline(parts, call.ns, '/');
  std::getline(parts, call.pod, '/');
  std::getline(parts, call.container, '/');
  return call;
}

struct Case {
  const char* name;
  ErrorKind kind;
  const char* message;
  const char* remedy;
};

constexpr Case kCases[] = {
    {"checkpoint-proxy-no-pod", ErrorKind::not_found, "pod default/nope does not run on worker-1", " get pod nope"},
    {"checkpoint-direct-no-pod", ErrorKind::not_found, "pod default/nope does not run on worker-1", ""},
    {"checkpoint-wrong-node", ErrorKind::not_found, "pod default/consumer-0 does not run on worker-2", ""},
    {"checkpoint-proxy-no-namespace", ErrorKind::not_found, "does not run on", ""},
    {"containerd-checkpoint-no-pod", ErrorKind::not_found, "does not run on", ""},
    {"checkpoint-proxy-no-container", ErrorKind::not_found, "pod default/consumer-0 has no container nope", "-c"},
    {"checkpoint-no-node", ErrorKind::not_found, "there is no node worker-9", "kubectl get nodes"},
    {"checkpoint-gate-off-proxy", ErrorKind::failed, "checkpoint API switched off", "ContainerCheckpoint: true"},
    {"checkpoint-gate-off-direct", ErrorKind::failed, "checkpoint API switched off", "ContainerCheckpoint: true"},
    {"checkpoint-proxy-bad-path", ErrorKind::protocol, "404: Page Not Found", ""},
    {"checkpoint-proxy-bad-timeout", ErrorKind::protocol, "cannot parse value of timeout parameter", ""},
    {"checkpoint-proxy-get-method", ErrorKind::protocol, "405", ""},
    {"checkpoint-proxy-forbidden-ms2m-viewer", ErrorKind::forbidden, "cannot create resource \"nodes/proxy\"",
     "examples/rbac.yaml"},
    {"checkpoint-proxy-unauthenticated", ErrorKind::forbidden, "system:anonymous", "no valid credentials"},
    {"checkpoint-direct-forbidden-nobody", ErrorKind::forbidden, "refuses user \"rig-nobody\"", "direct kubelet path"},
    {"checkpoint-direct-forbidden-ms2m-viewer", ErrorKind::forbidden,
     "refuses user \"system:serviceaccount:default:ms2m-viewer\"", ""},
    {"checkpoint-direct-unauthenticated", ErrorKind::forbidden, "does not accept the credentials", "--kubelet proxy"},
    {"apiserver-lacks-nodes-checkpoint/checkpoint-proxy-ok", ErrorKind::forbidden,
     "refuses the API server's own client \"kube-apiserver-kubelet-client\": it lacks create nodes/checkpoint",
     "--verb=create --resource=nodes/checkpoint && kubectl create clusterrolebinding ms2m-kubelet-checkpoint "
     "--clusterrole=ms2m-kubelet-checkpoint --user=kube-apiserver-kubelet-client"},
    {"checkpoint-kubelet-down-proxy", ErrorKind::unavailable, "the API server cannot reach the kubelet of worker-1",
     "kubectl get node worker-1"},
    {"node-down-checkpoint-proxy", ErrorKind::unavailable, "the API server cannot reach the kubelet of worker-2",
     "kubectl get node worker-2"},
    {"checkpoint-fail-not-running", ErrorKind::failed,
     "container c in pod default/done on worker-1 failed: the container is not running", ""},
    {"checkpoint-fail-container-not-created", ErrorKind::failed, "the container is not running", ""},
    {"checkpoint-fail-cri-timeout", ErrorKind::timeout, "the dump goes on", "--checkpoint-timeout"},
    {"checkpoint-fail-enospc-checkpoints-dir", ErrorKind::failed,
     "failed: failed to write file system changes: write "
     "/var/lib/kubelet/checkpoints/checkpoint-consumer-0_default-consumer-"
     "2026-11-21T21:21:02Z.tar: no space left on device",
     "free space"},
    {"checkpoint-fail-in-flight-no-skip", ErrorKind::failed,
     "failed: inet: In-flight connections can be ignored with the --skip-in-flight option.", "skip-in-flight"},
    {"checkpoint-fail-tcp-no-crun-conf", ErrorKind::failed,
     "failed: inet: Connected TCP socket, consider using --tcp-established option.", "tcp-close"},
    {"checkpoint-fail-no-criu-binary", ErrorKind::failed, "\"criu\": executable file not found",
     "apt-get install criu"},
    {"checkpoint-crio-criu-disabled", ErrorKind::failed, "checkpoint/restore support not available",
     "enable_criu_support"},
    {"checkpoint-concurrent-2", ErrorKind::failed, "failed: CRIU checkpointing failed: -52: Invalid exchange",
     "another checkpoint"},
    {"checkpoint-negative-timeout", ErrorKind::failed, "requires the timeout value to be > 0", ""},
};

}  // namespace

TEST_CASE("recorded checkpoint errors") {
  for (const Case& c : kCases) {
    const Json recorded = transcript(c.name);
    const Error e = checkpoint_error(call_of(recorded), recorded_answer(recorded));
    INFO(c.name << ": " << e.what() << "\n  remedy: " << e.remedy());
    CHECK(e.kind() == c.kind);
    CHECK(contains(e.what(), c.message));
    CHECK(contains(e.remedy(), c.remedy));
    CHECK_FALSE(contains(e.what(), "RLIMIT_NOFILE"));
    CHECK_FALSE(contains(e.what(), "tun:"));
    CHECK_FALSE(contains(e.what(), "overlay-containers"));
    CHECK_FALSE(contains(e.what(), "\n"));
    CHECK(std::string(e.what()).size() < 400);
  }
}

TEST_CASE("every recorded checkpoint error is known to the test above or of the same text") {
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(MS2M_TEST_DATA) + "/kube-transcripts")) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".json" || !contains(name, "checkpoint-")) continue;
    const Json recorded = transcript(name);
    const HttpResponse answer = recorded_answer(recorded);
    if (answer.status < 400 || !contains(recorded.at("request").at("url").get<std::string>(), "/checkpoint/")) continue;
    const Error e = checkpoint_error(call_of(recorded), answer);
    INFO(name << ": " << e.what());
    CHECK(std::string(e.what()).size() < 400);
    CHECK_FALSE(contains(e.what(), "\n"));
    ++seen;
  }
  CHECK(seen >= 30);
}

TEST_CASE("the archive's path") {
  const Json recorded = transcript("checkpoint-proxy-ok");
  CHECK(parse_checkpoint_archive(call_of(recorded), recorded_answer(recorded).body).path ==
        "/var/lib/kubelet/checkpoints/checkpoint-consumer-0_default-consumer-2026-11-21T21:15:28Z.tar");
  for (const char* body : {"", "{}", R"({"items":[]})", R"({"items":[1]})", "[]"})
    CHECK(error_of([&] { parse_checkpoint_archive({"n", "ns", "p", "c"}, body); }).kind() == ErrorKind::protocol);
}

TEST_CASE("an answer of any size is an answer") {
  const std::string bulk(100'000, 'x'), spaces(100'000, ' '), digits(100'000, '7');
  for (const std::string& body : {bulk, "Forbidden (user=" + bulk + ", verb=create)", "Forbidden (user=" + bulk,
                                  "rpc error: code = " + bulk + " desc = x",
                                  "failed to checkpoint container " + std::string(100'000, 'a') + ": x",
                                  "x" + spaces + ": exit status 1", "x: exit status " + digits,
                                  "x of container " + std::string(100'000, 'a'), "(00.1) Error (criu/a.c:1): " + bulk})
    for (const int status : {400, 401, 403, 404, 500, 503})
      for (const KubeletPath path : {KubeletPath::direct, KubeletPath::proxy}) {
        const Error e = checkpoint_error({"worker-1", "default", "consumer-0", "consumer", path}, {status, {}, body});
        INFO(status << " " << std::string(e.what()).substr(0, 200));
        CHECK(std::string(e.what()).size() < 1000);
        CHECK(e.remedy().size() < 1000);
      }
}

TEST_CASE("a runtime's text without its wrappers") {
  const std::string id(64, 'a');
  CHECK(boil_down("rpc error: code = Unknown desc = failed to checkpoint container " + id +
                  ": running \"/usr/bin/crun\" [a b] failed: `/usr/bin/crun checkpoint` failed: no room of container " +
                  id + " left\n : exit status 1") == "no room left");
  CHECK(boil_down("rpc error: code =  desc = x") == "rpc error: code =  desc = x");
  CHECK(boil_down("x of container abc: exit status y") == "x of container abc: exit status y");
}

TEST_CASE("an archive below another root directory", "[case-03]") {
  std::ifstream in(std::string(MS2M_TEST_DATA) + "/cases/kubelet-root-dir.json");
  std::stringstream body;
  body << in.rdbuf();
  const CheckpointCall call{"worker-1", "shop", "consumer-0", "app"};
  CHECK(parse_checkpoint_archive(call, body.str()).path ==
        "/data/kubelet/checkpoints/checkpoint-consumer-0_shop-app-2026-11-27T18:24:30Z.tar");
  // Another container's, and what root on the node must not read.
  CHECK(error_of([&] {
          parse_checkpoint_archive({"worker-1", "shop", "consumer-0", "other"}, body.str());
        }).kind() == ErrorKind::protocol);
  for (const char* path :
       {"/etc/shadow", "/data/kubelet/checkpoint-consumer-0_shop-app-2026-11-27T18:24:30Z.tar",
        "/data/checkpoints/../checkpoint-consumer-0_shop-app-2026-11-27T18:24:30Z.tar",
        "/data/../checkpoints/checkpoint-consumer-0_shop-app-2026-11-27T18:24:30Z.tar",
        "checkpoints/checkpoint-consumer-0_shop-app-2026-11-27T18:24:30Z.tar",
        "/data/checkpoints/checkpoint-consumer-0_shop-app-2026-11-27T18:24:30Z.tar/../../../etc/shadow",
        "/data/checkpoints/checkpoint-consumer-0_shop-app-;id.tar", "-rf"}) {
    const Error error = error_of([&] { parse_checkpoint_archive(call, Json{{"items", {path}}}.dump()); });
    CHECK(error.kind() == ErrorKind::protocol);
    CHECK_FALSE(error.remedy().empty());
  }
}

TEST_CASE("what a refused checkpoint leaves behind", "[case-03]") {
  const auto cut_off = [](const char* name) -> std::optional<std::string> {
    const Json recorded = transcript(name);
    try {
      throw_checkpoint_error(call_of(recorded), recorded_answer(recorded));
    } catch (const NoCheckpoint& none) {
      return none.cut_off();
    } catch (const Error&) {
      return std::nullopt;  // it may go on
    }
  };
  CHECK(cut_off("checkpoint-fail-enospc-checkpoints-dir") ==
        "/var/lib/kubelet/checkpoints/checkpoint-consumer-0_default-consumer-2026-11-21T21:21:02Z.tar");
  for (const char* name : {"checkpoint-concurrent-2", "checkpoint-fail-tcp-no-crun-conf", "checkpoint-gate-off-proxy",
                           "checkpoint-proxy-no-pod", "checkpoint-fail-not-running"})
    CHECK(cut_off(name) == "");
  CHECK_FALSE(cut_off("checkpoint-fail-cri-timeout"));
  CHECK_FALSE(cut_off("checkpoint-kubelet-down-proxy"));
}

TEST_CASE("texts that were never seen keep their end and lose their bulk") {
  CHECK(boil_down("") == "no reason given");
  CHECK(boil_down("checkpointing of a/b/c failed (something new)") == "something new");
  const std::string large = boil_down(std::string(100000, 'x') + " the end");
  CHECK(large.size() < 700);
  CHECK(contains(large, "the end"));
  CHECK(boil_down("(00.1) Error (criu/a.c:1): a: first\n(00.2) Error (criu/b.c:2): b: decisive\n(00.3) Error "
                  "(criu/cr-dump.c:1545): "
                  "Dump files (pid: 1) failed with -1\n(00.4) Error (criu/cr-dump.c:1975): Dumping FAILED.\n") ==
        "b: decisive");
}
