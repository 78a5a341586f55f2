// What is not the handler's own reaches the real runtime byte for byte, and comes back so.
#include <sys/stat.h>

#include <fstream>

#include "fake_node.hpp"
#include "ms2m/json.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;
using Words = std::vector<std::string>;

namespace {

/// Of one container's life, more than was recorded, as CRI-O and conmon call (conmon's runtime_args.c; CRI-O's
/// runtime_oci.go).
std::vector<Words> crio_session(const std::string& bundle) {
  const Words root{"--systemd-cgroup", "--root=/run/crun"};
  std::vector<Words> all{{"--version"}, {"features"}};
  for (const Words& rest : std::vector<Words>{
           {"create", "--bundle", bundle, "--pid-file", bundle + "/pidfile", kContainer},
           {"state", kContainer},
           {"start", kContainer},
           {"exec", "--pid-file", "/tmp/p", "--process", "/tmp/exec-process-1", "--detach", kContainer},
           {"exec", "--console-socket", "/tmp/s", "--tty", kContainer, "sh", "-c", "echo create  --bundle \"$x\"\n"},
           {"update", "--resources", "-", kContainer},
           {"pause", kContainer},
           {"checkpoint", "--leave-running", "--image-path", "/c", "--work-path", "/w", kContainer},
           {"resume", kContainer},
           {"ps", "--format", "json", kContainer},
           {"kill", kContainer, "15"},
           {"kill", "--all", kContainer, "KILL"},
           {"delete", "--force", kContainer}}) {
    all.push_back(root);
    all.back().insert(all.back().end(), rest.begin(), rest.end());
  }
  return all;
}

/// As containerd's shim calls (go-runc).
std::vector<Words> shim_session(const std::string& bundle) {
  const Words root{"--root", "/run/containerd/runc/k8s.io", "--log", bundle + "/log.json", "--log-format", "json"};
  std::vector<Words> all{{"features"}};
  for (const Words& rest : std::vector<Words>{
           {"create", "--bundle", bundle, "--pid-file", bundle + "/init.pid", kContainer},
           {"create", "--bundle", bundle, "--pid-file", bundle + "/init.pid", "--console-socket", "/s", "--no-pivot",
            kContainer},
           {"start", kContainer},
           {"state", kContainer},
           {"exec", "--process", "/tmp/runc-process1", "--detach", "--pid-file", bundle + "/1.pid", kContainer},
           {"ps", "--format", "json", kContainer},
           {"events", "--stats", kContainer},
           {"update", "--resources=-", kContainer},
           {"restore", "--image-path", "/c", "--work-path", "/w", "--detach", "--pid-file", "/p", "-no-subreaper",
            "--bundle", bundle, kContainer},
           {"kill", "--all", kContainer, "9"},
           {"delete", kContainer},
           {"delete", "--force", kContainer}}) {
    all.push_back(root);
    all.back().insert(all.back().end(), rest.begin(), rest.end());
  }
  return all;
}

/// What a real container runtime called (test/data/runtime-calls). A container's bundle is the fake node's.
std::vector<Words> recorded(const std::string& name, const std::string& bundle) {
  std::ifstream lines(MS2M_TEST_DATA "/runtime-calls/" + name + ".jsonl");
  std::vector<Words> all;
  for (std::string line; std::getline(lines, line);) {
    all.push_back(Json::parse(line).get<Words>());
    for (std::size_t i = 1; i < all.back().size(); ++i)
      if (all.back()[i - 1] == "--bundle") all.back()[i] = bundle;
  }
  return all;
}

/// The same call through the handler and without it.
void check_same(const FakeNode& node, const Words& arguments) {
  std::string words;
  for (const auto& each : arguments) words += each + " ";
  INFO(words);
  const std::string input("in\0put\n", 7);
  const auto direct = node.runtime(arguments, input);
  const auto through = node.handler(arguments, input);
  CHECK(through.status == direct.status);
  CHECK(through.out == direct.out);
  CHECK(through.err == direct.err);
  const auto calls = node.calls();
  REQUIRE(calls.size() >= 2);
  const Call &first = calls[calls.size() - 2], &second = calls.back();
  CHECK(second.arguments == first.arguments);
  CHECK(second.arguments == arguments);
  CHECK(second.environment == first.environment);
  CHECK(second.input == first.input);
  CHECK_THAT(second.environment, Contains("MS2M_TEST=kept as it is"));
}

}  // namespace

TEST_CASE("the sessions of CRI-O and of containerd's shim, without the annotation, for a sandbox, and for a sidecar",
          "[node_handler]") {
  const FakeNode node;
  for (const char* command : {"state", "delete", "restore"}) std::filesystem::remove(node.path("do/") + command);
  node.at("kill", "cat; echo killed; echo 'no such process' >&2; exit 3");
  node.at("ps", "printf '[1,2]\\0\\n'");
  node.at("events", "kill -9 $$");
  const auto run_all = [&] {
    const auto crio = recorded("crio-1.36.3-crun-1.28", node.bundle()),
               shim = recorded("containerd-2.1.9-runc-1.3.6", node.bundle());
    REQUIRE((crio.size() > 10 && shim.size() > 10));
    for (const auto& session : {crio, shim, crio_session(node.bundle()), shim_session(node.bundle())})
      for (const Words& each : session) check_same(node, each);
  };
  node.write_bundle("");
  run_all();
  node.prepare();
  for (const auto& [container, type] : {std::pair("consumer", "sandbox"), std::pair("proxy", "container")}) {
    node.write_bundle(kId + "/consumer", container, type);
    check_same(node, node.create_arguments());
    check_same(node, {"start", kContainer});
    check_same(node, {"state", kContainer});
  }
}

TEST_CASE("nothing that the caller says changes which runtime is called", "[node_handler]") {
  const FakeNode node;
  node.configure("/run/real");
  CHECK(node.handler({"--root", "/elsewhere", "pause", kContainer}).ok());
  CHECK(node.calls().back().arguments == Words{"--root", "/run/real", "pause", kContainer});
  CHECK(node.handler({"--root=/run/real", "pause", kContainer}).ok());
  CHECK(node.calls().back().arguments == Words{"--root=/run/real", "pause", kContainer});
}

TEST_CASE("a configuration that is missing, another's, or leads back is told with its cure, where callers look",
          "[node_handler]") {
  const FakeNode node;
  const Words arguments{"--log", node.path("log.json"), "--log-format", "json", "state", kContainer};
  const auto refused = [&](const char* why) {
    const auto result = node.handler(arguments);
    INFO(result.err);
    CHECK(result.status.code == 1);
    CHECK(node.calls().empty());
    CHECK_THAT(result.err, Contains(why) && Contains("ms2m node setup"));
    CHECK_THAT(content(node.path("log.json")), Contains(R"({"level":"error","msg":"ms2m-runtime: )") && Contains(why));
  };
  const std::string file = node.path("runtime.json");
  ::chmod(file.c_str(), 0666);
  refused("others than root");
  put(file, R"({"version":2,"runtime":"/usr/bin/crun","kind":"crun","root":""})");
  ::chmod(file.c_str(), 0644);
  refused("another version");
  put(file, R"({"version":1,"runtime":"crun","kind":"crun","root":""})");
  refused("not absolute");
  put(file, R"({"version":1,"runtime":"/usr/bin/crun","kind":"kata","root":""})");
  refused("kata");
  put(file, R"({"version":1,"runtime":")" MS2M_RUNTIME_AT R"(","kind":"crun","root":""})");
  refused("this program itself");
  put(file, "{");
  refused("runtime.json");
  std::filesystem::remove(file);
  refused("there is no");
}

TEST_CASE("a real runtime that cannot be run is told", "[node_handler]") {
  const FakeNode node;
  std::filesystem::remove(node.path("real"));
  const auto result = node.handler({"state", kContainer});
  CHECK(result.status.code == 1);
  CHECK_THAT(result.err, Contains("ms2m-runtime: running " + node.path("real")));
}
