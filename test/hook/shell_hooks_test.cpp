// The operator's own lines, by a real shell.
#include "hook/shell_hooks.hpp"

#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "ms2m/error.hpp"
#include "ms2m/json.hpp"
#include "ms2m/outcome.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "wrap/posix/files.hpp"

using namespace ms2m;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using test::error_of;

namespace {

struct Heard final : Observer {
  void on(const Event& event) noexcept override {
    CHECK(event.type == Event::Type::hook);
    lines.push_back(event.text);
  }
  std::vector<std::string> lines;
};

struct Shell {
  posix::TempDir dir;
  Heard heard;
  Outcome so_far;

  Shell() {
    so_far.id = "m7k2q9";
    so_far.source_pod = "consumer-0";
  }
  std::string file(const char* name) const { return (dir.path() / name).string(); }
  static std::string text(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void run(const std::string& command, HookPoint at = HookPoint::before_quiet,
           const StopToken& stop = StopToken().within(Millis{60000})) {
    hook::make_shell_hooks(heard)->run({at, command}, so_far, stop);
  }
  /// Of a number that a command has written there; one that has died and waits for nobody is gone, too.
  bool lives(const char* name) const {
    const std::string stat = text("/proc/" + text(file(name)).substr(0, text(file(name)).find('\n')) + "/stat");
    return !stat.empty() && stat.find(") Z ") == std::string::npos;
  }
  /// One that was killed dies when it gets a processor.
  bool dies(const char* name) const {
    for (const TimePoint limit = Clock::now() + std::chrono::seconds(60); lives(name) && Clock::now() < limit;)
      std::this_thread::sleep_for(Millis{5});
    return !lives(name);
  }
};

}  // namespace

TEST_CASE("a hook is a line of the operator's shell, and is told how far it is", "[hooks]") {
  Shell shell;
  shell.run("cat > " + shell.file("in") +
            "; echo \"$MS2M_ID\" $MS2M_PHASE | tr a-z A-Z; echo to stderr >&2; printf end");
  const Json told = Json::parse(Shell::text(shell.file("in")));
  CHECK(told.at("kind") == "outcome");
  CHECK(told.at("hook") == "before-quiet");
  CHECK(told.at("id") == "m7k2q9");
  CHECK(told.at("result").is_null());
  CHECK(told.at("exit_status").is_null());
  std::sort(shell.heard.lines.begin(), shell.heard.lines.end());
  CHECK(shell.heard.lines == std::vector<std::string>{"hook before-quiet: M7K2Q9 BEFORE-QUIET",
                                                      "hook before-quiet: end", "hook before-quiet: to stderr"});
  shell.run("cat > " + shell.file("in"), HookPoint::end);
  CHECK(Json::parse(Shell::text(shell.file("in"))).at("result") == "done");
}

TEST_CASE("a hook that fails says how, and need not read what it is told", "[hooks]") {
  Shell shell;
  shell.so_far.error = std::string(1 << 20, 'x');  // more than a pipe holds
  CHECK_THAT(error_of([&] { shell.run("exec 0<&-; echo because >&2; exit 3"); }).message(),
             StartsWith("exit status 3") && Contains("because"));
  CHECK_THAT(error_of([&] { shell.run("kill -9 $$"); }).message(), StartsWith("killed by signal 9"));
  CHECK_THAT(error_of([&] { shell.run("no-such-program-at-all"); }).message(), StartsWith("exit status 127"));
  shell.run("true");
}

TEST_CASE("a hook has no secret in its environment", "[hooks]") {
  Shell shell;
  for (const char* name : {"MS2M_BROKER", "MS2M_BROKER_PASSWORD", "MS2M_TOKEN"}) ::setenv(name, "hush", 1);
  shell.run("env > " + shell.file("env"));
  for (const char* name : {"MS2M_BROKER", "MS2M_BROKER_PASSWORD", "MS2M_TOKEN"}) ::unsetenv(name);
  CHECK_THAT(Shell::text(shell.file("env")), !Contains("hush") && Contains("MS2M_ID=m7k2q9"));
}

TEST_CASE("at its limit, or when the operator stops it, a hook is killed with all that it has begun", "[hooks]") {
  Shell shell;
  const std::string hang = "sh -c 'trap \"\" TERM; echo $$ > " + shell.file("child") +
                           "; while :; do sleep 1; done' & echo $$ > " + shell.file("hook") +
                           "; trap '' TERM; while [ ! -s " + shell.file("child") +
                           " ]; do sleep 0.01; done; echo up; wait; wait";
  SECTION("limit") {
    CHECK(error_of([&] { shell.run(hang, HookPoint::end, StopToken().within(Millis{6000})); }).kind() ==
          ErrorKind::timeout);
  }
  SECTION("stop") {
    // As soon as it says that it is up.
    struct Stopping final : Observer {
      StopSource source;
      void on(const Event&) noexcept override { source.request_stop(); }
    } stopping;
    CHECK_THROWS_AS(hook::make_shell_hooks(stopping)->run({HookPoint::end, hang}, shell.so_far,
                                                          stopping.source.token().within(Millis{60000})),
                    Cancelled);
  }
  SECTION("ms2m leaves at once") {
    struct Leaving final : Observer {
      void on(const Event&) noexcept override { hook::end_running(); }
    } leaving;
    CHECK_THAT(
        error_of([&] {
          hook::make_shell_hooks(leaving)->run({HookPoint::end, hang}, shell.so_far, StopToken().within(Millis{60000}));
        }).message(),
        StartsWith("killed by signal 9"));
  }
  REQUIRE_FALSE(Shell::text(shell.file("child")).empty());
  CHECK_FALSE(shell.lives("hook"));
  CHECK(shell.dies("child"));
}

TEST_CASE("a hook that leaves something behind is not waited for, and one that writes without end has its limit",
          "[hooks]") {
  Shell shell;
  const TimePoint begin = Clock::now();
  shell.run("sleep 100 & echo $! > " + shell.file("left") + "; echo done");
  CHECK(Clock::now() - begin < std::chrono::seconds(50));
  CHECK(shell.lives("left"));
  ::kill(std::stoi(Shell::text(shell.file("left"))), SIGKILL);
  struct Counting final : Observer {
    std::size_t lines = 0;
    void on(const Event&) noexcept override { ++lines; }
  } counting;
  CHECK_THROWS_AS(
      hook::make_shell_hooks(counting)->run({HookPoint::end, "yes"}, shell.so_far, StopToken().within(Millis{3000})),
      Error);
  CHECK(counting.lines > 0);
}
