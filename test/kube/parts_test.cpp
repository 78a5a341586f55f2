// The pure parts: paths, retry rules, line splitting, status texts, the gate in the metrics.
#include "kube/kubelet.hpp"
#include "kube/resources.hpp"
#include "kube/retry.hpp"
#include "kube/status.hpp"
#include "kube/watch.hpp"
#include "support.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {
HttpResponse answer(int status, const std::string& retry_after = {}) {
  HttpResponse response;
  response.status = status;
  if (!retry_after.empty()) response.headers.emplace_back("retry-after", retry_after);
  return response;
}
}  // namespace

TEST_CASE("paths of kinds") {
  CHECK(object_path({Kind::pod, "default", "a b"}) == "/api/v1/namespaces/default/pods/a%20b");
  CHECK(object_path({Kind::node, "", "worker-1"}) == "/api/v1/nodes/worker-1");
  CHECK(object_path({Kind::stateful_set, "x", "s"}) == "/apis/apps/v1/namespaces/x/statefulsets/s");
  CHECK(object_path({Kind::lease, "x", "l"}) == "/apis/coordination.k8s.io/v1/namespaces/x/leases/l");
  CHECK(object_path({Kind::pod_disruption_budget, "x", "b"}) == "/apis/policy/v1/namespaces/x/poddisruptionbudgets/b");
  CHECK(collection_path(Kind::pod, "") == "/api/v1/pods");
  CHECK_THROWS_AS(object_path({Kind::pod, "", "p"}), Error);
  CHECK_THROWS_AS(object_path({Kind::pod, "x", ".."}), Error);
}

TEST_CASE("messages never show user, password or query of a URL") {
  CHECK(printable_url("https://joe:pw@h:1/p?token=x") == "https://h:1/p");
  CHECK(printable_url("https://h/a%40b") == "https://h/a%40b");
  CHECK(printable_url("http://joe:p/w?x@h:1/p") == "http://h:1/p");
}

TEST_CASE("which answers are asked again, and when") {
  const RetryRule get{true, true}, put{false, true}, post{false, false};
  CHECK(retry_after_answer(post, answer(429, "2"), 0, 0.5) == Millis{2000});
  CHECK(retry_after_answer(post, answer(503, "1"), 9, 0.5) == Millis{1000});
  CHECK_FALSE(retry_after_answer(post, answer(503, "1"), 10, 0.5));
  CHECK(retry_after_answer(post, answer(429, "86400"), 0, 0.5) == Millis{30000});
  CHECK(retry_after_answer(post, answer(429), 0, 0.5) == Millis{50});
  CHECK_FALSE(retry_after_answer(post, answer(503), 0, 0.5));
  for (const int status : {500, 502, 503, 504}) {
    CHECK(retry_after_answer(get, answer(status), 0, 0.5));
    CHECK_FALSE(retry_after_answer(put, answer(status), 0, 0.5));
    CHECK_FALSE(retry_after_answer(get, answer(status), kMaxRetries, 0.5));
  }
  for (const int status : {200, 400, 401, 403, 404, 409, 410, 422})
    CHECK_FALSE(retry_after_answer(get, answer(status, "1"), 0, 0.5));
  CHECK(back_off(0, 0.0) == Millis{37});
  CHECK(back_off(1, 0.5) == Millis{100});
  CHECK(back_off(60, 0.5) == Millis{2000});
}

TEST_CASE("which broken connections are tried again") {
  const RetryRule idempotent{false, true}, post{false, false};
  const TransportError sent(ErrorKind::unavailable, "x", true), unsent(ErrorKind::unavailable, "x", false);
  CHECK(retry_after_failure(idempotent, sent, 0, 0.5));
  CHECK_FALSE(retry_after_failure(post, sent, 0, 0.5));
  CHECK(retry_after_failure(post, unsent, 0, 0.5));
  CHECK_FALSE(retry_after_failure(idempotent, unsent, kMaxRetries, 0.5));
  CHECK_FALSE(retry_after_failure(idempotent, TransportError(ErrorKind::forbidden, "x", false), 0, 0.5));
}

TEST_CASE("lines come out whole however they were cut") {
  const std::string text = "one\n\ntwo\nthree\nrest";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    LineSplitter splitter;
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < text.size(); i += size)
      CHECK(splitter.feed(std::string_view(text).substr(i, size), [&](std::string_view line) {
        lines.emplace_back(line);
        return true;
      }));
    CHECK(lines == std::vector<std::string>{"one", "two", "three"});
  }
  LineSplitter splitter;
  int seen = 0;
  CHECK_FALSE(splitter.feed(text, [&](std::string_view) { return ++seen < 2; }));
  CHECK(seen == 2);
}

TEST_CASE("the feature gate is found in the metrics, wherever they are cut") {
  const std::string before =
      "# HELP kubernetes_feature_enabled x\nkubernetes_feature_enabled{name=\"A\",stage=\"\"} 1\n";
  const std::string line = "kubernetes_feature_enabled{name=\"ContainerCheckpoint\",stage=\"BETA\"} ";
  for (const bool on : {true, false}) {
    const std::string text = before + line + (on ? "1" : "0") + "\nmore\n";
    for (std::size_t size = 1; size < text.size(); size += 7) {
      FeatureGateFinder finder;
      for (std::size_t i = 0; i < text.size(); i += size)
        if (!finder.feed(std::string_view(text).substr(i, size))) break;
      CHECK(finder.value() == on);
    }
  }
  FeatureGateFinder none;
  CHECK(none.feed(before));
  CHECK_FALSE(none.value());
}

TEST_CASE("what a kubelet answers is understood, or nothing is concluded from it") {
  CHECK(pods_in(R"({"kind":"PodList","items":null})")->empty());
  const auto pods = pods_in(R"({"kind":"PodList","items":[{"metadata":{"uid":"a"}},
    {"metadata":{"uid":"b","deletionTimestamp":"2026-11-29T10:00:00Z"}}]})");
  REQUIRE(pods);
  CHECK_FALSE(ends_in(*pods, "a"));
  CHECK(ends_in(*pods, "b"));
  CHECK(ends_in(*pods, "c"));
  for (const char* odd :
       {"", "[]", R"({"kind":1})", R"({"kind":"PodList","items":{"a":{}}})", R"({"kind":"PodList","items":[1]})",
        R"({"kind":"PodList","items":[{"metadata":{"uid":1}}]})"})
    CHECK_FALSE(pods_in(odd));
  CHECK(runtime_patience(R"({"kubeletconfig":{"runtimeRequestTimeout":"4m0s"}})") == Millis{240'000});
  for (const char* odd : {"", "[]", R"({"kubeletconfig":1})", R"({"kubeletconfig":{"runtimeRequestTimeout":4}})"})
    CHECK_FALSE(runtime_patience(odd));
  CHECK(kubelet_server("n", R"({"status":{"addresses":[1,{"type":"InternalIP","address":"10.0.0.1"}],
    "daemonEndpoints":{"kubeletEndpoint":{"Port":"x"}}}})") == "https://10.0.0.1:10250");
  CHECK_THROWS_AS(kubelet_server("n", "no JSON"), Error);
  CHECK_FALSE(is_object_missing({404, {}, R"({"kind":"Status","details":{"name":{}}})"}, "n"));
}

TEST_CASE("the kubelet's time limit is set only when it is longer than its own") {
  CHECK(checkpoint_timeout_query({}).empty());
  CHECK(checkpoint_timeout_query(StopToken{}.within(std::chrono::seconds(60))).empty());
  CHECK(checkpoint_timeout_query(StopToken{}.within(std::chrono::seconds(120))).empty());
  const std::string query = checkpoint_timeout_query(StopToken{}.within(std::chrono::seconds(301)));
  CHECK((query == "?timeout=300" || query == "?timeout=301"));
}

TEST_CASE("what admission forbids is not cured by a Role") {
  const auto remedy = [](const char* message) {
    HttpResponse answer;
    answer.status = 403;
    answer.body = Json{{"kind", "Status"}, {"message", message}, {"reason", "Forbidden"}, {"code", 403}}.dump();
    return status_error(answer).remedy();
  };
  CHECK(contains(remedy("pods \"a\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=3"),
                 "quota"));
  CHECK(contains(remedy("pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\": runAsNonRoot != true"),
                 "pod security level"));
  CHECK(contains(remedy("pods is forbidden: User \"x\" cannot create resource \"pods\" in API group \"\" in the "
                        "namespace \"default\""),
                 "examples/rbac.yaml"));
}

TEST_CASE("every recorded error of the API server keeps its message and gets its kind") {
  struct Case {
    const char* name;
    ErrorKind kind;
    const char* message;
    const char* remedy;
  };
  const Case cases[] = {
      {"err-401-bad-token", ErrorKind::forbidden, "does not accept the credentials (Unauthorized)",
       "another user or context"},
      {"err-anonymous", ErrorKind::forbidden, "system:anonymous", "no valid credentials"},
      {"err-403-viewer-create-pod", ErrorKind::forbidden, "cannot create resource \"pods\"", "examples/rbac.yaml"},
      {"err-403-nobody-cert", ErrorKind::forbidden, "is forbidden", "examples/rbac.yaml"},
      {"err-404-service-account", ErrorKind::forbidden, "error looking up service account",
       "the cluster's admission says so"},
      {"err-404-pod", ErrorKind::not_found, "pods \"nope\" not found", ""},
      {"err-404-path", ErrorKind::not_found, "the server could not find the requested resource", ""},
      {"err-409-pod-exists", ErrorKind::conflict, "already exists", ""},
      {"err-409-conflict-resourceversion", ErrorKind::conflict, "the object has been modified", ""},
      {"err-422-pod-invalid", ErrorKind::refused, "spec.containers[0].image: Required value", ""},
      {"err-400-unknown-field-strict", ErrorKind::refused, "unknown field \"spec.nodname\"", ""},
      {"err-400-bad-json", ErrorKind::refused, "", ""},
      {"err-415-patch-content-type", ErrorKind::protocol, "415: Unsupported Media Type", ""},
      {"checkpoint-kubelet-down-proxy", ErrorKind::unavailable, "connection refused", ""},
  };
  for (const Case& c : cases) {
    const HttpResponse response = recorded_answer(transcript(c.name));
    const Error e = status_error(response);
    INFO(c.name << ": " << e.what());
    CHECK(e.kind() == c.kind);
    CHECK(contains(e.what(), c.message));
    CHECK(contains(e.remedy(), c.remedy));
  }
  CHECK(is_object_missing(recorded_answer(transcript("err-404-pod")), "nope"));
  CHECK_FALSE(is_object_missing(recorded_answer(transcript("err-404-path")), "nope"));
  CHECK_FALSE(is_object_missing(recorded_answer(transcript("checkpoint-proxy-no-pod")), "nope"));
}
