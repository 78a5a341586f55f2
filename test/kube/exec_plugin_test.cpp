// Credential plugins: what they are told, what they may answer, and how long the answer is kept.
#include "kube/exec_plugin.hpp"

#include <atomic>

#include "kube/credentials.hpp"
#include "kube/kube_cluster.hpp"
#include "support.hpp"
#include "wrap/posix/files.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

KubeAccess access_with_plugin(const std::string& command = "login") {
  KubeAccess access;
  access.server = "https://h:1";
  access.user = "u";
  access.tls.ca.data = "CA";
  ExecPlugin plugin;
  plugin.api_version = "client.authentication.k8s.io/v1";
  plugin.command = command;
  plugin.args = {"token"};
  plugin.env = {{"A", "b"}};
  plugin.install_hint = "apt-get install login";
  plugin.provide_cluster_info = true;
  plugin.cluster_config = {{"audience", "x"}};
  access.exec = plugin;
  return access;
}

std::string credential(const std::string& status) {
  return R"({"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":)" + status + "}";
}

RunProcess prints(const std::string& out, int exit_code = 0, const std::string& err = {}) {
  return [=](const posix::RunSpec&, const StopToken&, const std::string&) {
    posix::RunResult result;
    result.status.code = exit_code;
    result.out = out;
    result.err = err;
    return result;
  };
}

}  // namespace

TEST_CASE("a plugin is told who asks, and run without a terminal") {
  posix::RunSpec seen;
  const RunProcess run = [&](const posix::RunSpec& spec, const StopToken&, const std::string&) {
    seen = spec;
    posix::RunResult result;
    result.out = credential(R"({"token":"t"})");
    return result;
  };
  CHECK(run_exec_plugin(access_with_plugin(), run, {}).token == "t");
  CHECK(seen.process.argv == std::vector<std::string>{"login", "token"});
  CHECK(seen.process.in == posix::ProcessSpec::Stream::null);
  REQUIRE(seen.process.env.size() == 2);
  CHECK(seen.process.env[0] == std::pair<std::string, std::string>{"A", "b"});
  CHECK(seen.process.env[1].first == "KUBERNETES_EXEC_INFO");
  const Json info = Json::parse(seen.process.env[1].second);
  CHECK(info["kind"] == "ExecCredential");
  CHECK(info["apiVersion"] == "client.authentication.k8s.io/v1");
  CHECK(info["spec"]["interactive"] == false);
  CHECK(info["spec"]["cluster"]["server"] == "https://h:1");
  CHECK(info["spec"]["cluster"]["certificate-authority-data"] == "Q0E=");
  CHECK(info["spec"]["cluster"]["config"]["audience"] == "x");
}

TEST_CASE("a plugin's answer must be what it says it is, and a wrong one is not quoted") {
  const ExecPlugin plugin = *access_with_plugin().exec;
  for (
      const std::string& text :
      {std::string("SECRET"), std::string(R"({"kind":"Pod","token":"SECRET"})"),
       std::string(
           R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"SECRET"}})"),
       credential(R"({"clientKeyData":"SECRET"})"), credential("{}"),
       credential(R"({"token":"SECRET","expirationTimestamp":"soon"})")}) {
    const Error e = error_of([&] { parse_exec_credential(text, plugin); });
    INFO(e.what());
    CHECK(e.kind() == ErrorKind::protocol);
    CHECK_FALSE(contains(e.what(), "SECRET"));
  }
}

TEST_CASE("times in RFC 3339") {
  using namespace std::chrono;
  const auto noon = sys_days{2026y / November / 21d} + 12h;
  CHECK(parse_rfc3339("2026-11-21T12:00:00Z") == noon);
  CHECK(parse_rfc3339("2026-11-21T12:00:00.123456789Z") == noon);
  CHECK(parse_rfc3339("2026-11-21T13:30:00+01:30") == noon);
  CHECK_FALSE(parse_rfc3339("2026-13-21T12:00:00Z"));
  CHECK_FALSE(parse_rfc3339("2026-11-21"));
  CHECK_FALSE(parse_rfc3339("2026-11-21T12:00:00"));
}

TEST_CASE("a plugin that is missing, fails, or wants a terminal") {
  const Error missing =
      error_of([] { run_exec_plugin(access_with_plugin("/no/such/plugin"), KubeCluster::default_run(), {}); });
  CHECK(missing.kind() == ErrorKind::usage);
  CHECK(contains(missing.what(), "/no/such/plugin"));
  CHECK(missing.remedy() == "apt-get install login");

  const Error failed =
      error_of([] { run_exec_plugin(access_with_plugin(), prints("", 3, "hello\nlogin expired\n"), {}); });
  CHECK(failed.kind() == ErrorKind::forbidden);
  CHECK(contains(failed.what(), "exit status 3"));
  CHECK(contains(failed.what(), "login expired"));

  KubeAccess always = access_with_plugin();
  always.exec->interactive = ExecPlugin::Interactive::always;
  CHECK(error_of([&] { run_exec_plugin(always, prints(""), {}); }).kind() == ErrorKind::usage);
}

TEST_CASE("a real plugin process sees its environment") {
  posix::TempDir dir;
  const auto script = dir.path() / "plugin";
  write_file(script,
             "#!/bin/sh\nprintf '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\","
             "\"status\":{\"token\":\"%s-%s\"}}' \"$A\" \"$1\"\ntest -n \"$KUBERNETES_EXEC_INFO\"\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  CHECK(run_exec_plugin(access_with_plugin(script.string()), KubeCluster::default_run(), {}).token == "b-token");
}

TEST_CASE("a plugin's answer is kept until it expires or is refused") {
  std::atomic<int> runs{0};
  std::string expires;
  const RunProcess run = [&](const posix::RunSpec&, const StopToken&, const std::string&) {
    posix::RunResult result;
    result.out = credential(R"({"token":"t)" + std::to_string(++runs) + "\"" +
                            (expires.empty() ? "" : ",\"expirationTimestamp\":\"" + expires + "\"") + "}");
    return result;
  };
  Credentials credentials(access_with_plugin(), run);
  CHECK(credentials.get({}).token == "t1");
  const auto second = credentials.get({});
  CHECK(second.token == "t1");
  CHECK(credentials.refused(second.generation));
  CHECK(credentials.get({}).token == "t2");
  CHECK(
      credentials.refused(second.generation));  // somebody else has renewed it meanwhile: do not throw the new one away
  expires = "2020-01-01T00:00:00Z";
  const auto third = credentials.get({});
  CHECK(third.token == "t2");
  credentials.refused(third.generation);
  CHECK(credentials.get({}).token == "t3");
  CHECK(credentials.get({}).token == "t4");
}

TEST_CASE("a token file is read anew each time and wins over the fixed token") {
  posix::TempDir dir;
  KubeAccess access;
  access.token = "fixed";
  access.token_file = (dir.path() / "token").string();
  Credentials credentials(access, prints(""));
  CHECK(credentials.get({}).token == "fixed");
  write_file(dir.path() / "token", "one\n");
  CHECK(credentials.get({}).token == "one");
  write_file(dir.path() / "token", "two\n");
  CHECK(credentials.get({}).token == "two");
  CHECK(credentials.refused(0));
}
