// Credential plugins: what they are told, what they may answer, and how long the answer is kept.
#include "kube/exec_plugin.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <thread>

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

RunProcess prints(const std::string& out, int exit_code = 0) {
  return [=](const posix::RunSpec&, const StopToken&, const std::string&) {
    posix::RunResult result;
    result.status.code = exit_code;
    result.out = out;
    return result;
  };
}

}  // namespace

TEST_CASE("a plugin is told who asks, and that there is no terminal") {
  posix::RunSpec seen;
  const RunProcess run = [&](const posix::RunSpec& spec, const StopToken&, const std::string&) {
    seen = spec;
    posix::RunResult result;
    result.out = credential(R"({"token":"t"})");
    return result;
  };
  CHECK(run_exec_plugin(access_with_plugin(), run, false, {}).token == "t");
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
  CHECK(parse_rfc3339("9999-12-31T23:59:59Z") > noon + std::chrono::years(200));  // never
  CHECK(parse_rfc3339("0001-01-01T00:00:00Z") < noon - std::chrono::years(200));
  CHECK_FALSE(parse_rfc3339("2026-13-21T12:00:00Z"));
  CHECK_FALSE(parse_rfc3339("2026-11-21"));
  CHECK_FALSE(parse_rfc3339("2026-11-21T12:00:00"));
}

TEST_CASE("a plugin that is missing, fails, or wants a terminal") {
  const Error missing =
      error_of([] { run_exec_plugin(access_with_plugin("/no/such/plugin"), KubeCluster::default_run(), false, {}); });
  CHECK(missing.kind() == ErrorKind::usage);
  CHECK(contains(missing.what(), "/no/such/plugin"));
  CHECK(missing.remedy() == "apt-get install login");

  const Error failed = error_of([] { run_exec_plugin(access_with_plugin(), prints("", 3), false, {}); });
  CHECK(failed.kind() == ErrorKind::forbidden);
  CHECK(contains(failed.what(), "exit status 3"));

  KubeAccess always = access_with_plugin();
  always.exec->interactive = ExecPlugin::Interactive::always;
  CHECK(error_of([&] { run_exec_plugin(always, prints(""), false, {}); }).kind() == ErrorKind::usage);
}

TEST_CASE("a real plugin process sees its environment") {
  posix::TempDir dir;
  const auto script = dir.path() / "plugin";
  write_file(script,
             "#!/bin/sh\nprintf '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\","
             "\"status\":{\"token\":\"%s-%s\"}}' \"$A\" \"$1\"\ntest -n \"$KUBERNETES_EXEC_INFO\"\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  CHECK(run_exec_plugin(access_with_plugin(script.string()), KubeCluster::default_run(), false, {}).token == "b-token");
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

namespace {

/// Our standard error is a file meanwhile.
class ErrorsInFile {
 public:
  explicit ErrorsInFile(const std::filesystem::path& file) : kept_(::dup(STDERR_FILENO)) {
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ::dup2(fd, STDERR_FILENO);
    ::close(fd);
  }
  ~ErrorsInFile() {
    ::dup2(kept_, STDERR_FILENO);
    ::close(kept_);
  }
  ErrorsInFile(const ErrorsInFile&) = delete;
  ErrorsInFile& operator=(const ErrorsInFile&) = delete;

 private:
  int kept_;
};

/// The case's plugin; it takes `seconds` until the login is there.
KubeAccess prompting(const posix::TempDir& dir, const std::string& seconds) {
  std::string script = read_file(std::string(MS2M_TEST_DATA) + "/cases/exec-plugin-prompt.sh");
  script.replace(script.find("sleep 30"), 8, "sleep " + seconds);
  write_file(dir.path() / "plugin", script);
  KubeAccess access = access_with_plugin("/bin/sh");
  access.exec->api_version = "client.authentication.k8s.io/v1beta1";
  access.exec->args = {(dir.path() / "plugin").string()};
  return access;
}

}  // namespace

TEST_CASE("what a plugin tells the person who logs in is seen, and waited for", "[case-14]") {
  posix::TempDir dir;
  const auto seen = dir.path() / "stderr";
  const KubeAccess access = prompting(dir, "0.3");
  {
    const ErrorsInFile errors(seen);
    CHECK(run_exec_plugin(access, KubeCluster::default_run(), false, {}).token == "t");
  }
  CHECK(contains(read_file(seen), "type the code ABCD-EFGH"));

  Millis left{0};
  const RunProcess run = [&](const posix::RunSpec&, const StopToken& stop, const std::string&) {
    left = stop.remaining(std::chrono::hours(24));
    posix::RunResult result;
    result.out = credential(R"({"token":"t"})");
    return result;
  };
  run_exec_plugin(access_with_plugin(), run, false, {});
  CHECK(left > std::chrono::minutes(10));
  CHECK(left <= kPluginLimit);
}

TEST_CASE("a stop ends a plugin that waits for a login", "[case-14]") {
  posix::TempDir dir;
  const auto seen = dir.path() / "stderr";
  const KubeAccess access = prompting(dir, "100");
  StopSource source;
  const TimePoint begin = Clock::now();
  {
    const ErrorsInFile errors(seen);
    std::thread user([&] {
      std::error_code not_yet;
      while (Clock::now() < begin + std::chrono::seconds(60) &&
             (!std::filesystem::exists(seen, not_yet) || std::filesystem::file_size(seen, not_yet) == 0))
        std::this_thread::sleep_for(Millis{5});
      source.request_stop();
    });
    CHECK_THROWS_AS(run_exec_plugin(access, KubeCluster::default_run(), false, source.token()), Cancelled);
    user.join();
  }
  CHECK(Clock::now() - begin < std::chrono::seconds(60));
}

TEST_CASE("interactive is what kubectl makes of interactiveMode and the terminal", "[case-14]") {
  using Interactive = ExecPlugin::Interactive;
  using Stream = posix::ProcessSpec::Stream;
  posix::RunSpec spec;
  const RunProcess run = [&](const posix::RunSpec& given, const StopToken&, const std::string&) {
    spec = given;
    posix::RunResult result;
    result.out = credential(R"({"token":"t"})");
    return result;
  };
  for (const auto mode : {Interactive::never, Interactive::if_available, Interactive::always})
    for (const bool terminal : {false, true}) {
      KubeAccess access = access_with_plugin();
      access.exec->interactive = mode;
      if (mode == Interactive::always && !terminal) {
        CHECK(contains(error_of([&] { run_exec_plugin(access, run, terminal, {}); }).what(), "insists on a terminal"));
        continue;
      }
      run_exec_plugin(access, run, terminal, {});
      const bool interactive = terminal && mode != Interactive::never;
      CHECK(Json::parse(spec.process.env[1].second)["spec"]["interactive"] == interactive);
      CHECK(spec.process.in == (interactive ? Stream::inherit : Stream::null));
      CHECK(spec.process.err == Stream::inherit);
      CHECK(spec.process.own_group == !interactive);
    }
}
