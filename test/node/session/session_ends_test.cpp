// How a session with a node ends, and what comes after.
#include <fcntl.h>
#include <sys/wait.h>

#include <thread>

#include "ms2m/error.hpp"
#include "node/protocol/wire_error.hpp"
#include "node/session/call.hpp"
#include "node/session/session_lab.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;

namespace {

/// An archive whose dump never ends: a request about it takes as long as one likes.
struct EndlessDump {
  explicit EndlessDump(const SessionLab& lab)
      : path(lab.checkpoints + "/" + kArchiveName),
        writer(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) {}
  std::string path;
  posix::UniqueFd writer;
};

/// What a call that waits fails with when `act` is done meanwhile, and after how long.
std::pair<Error, double> error_while_waiting(SshNodes& nodes, const EndlessDump& dump,
                                             const std::function<void()>& act) {
  SessionArchives archives(nodes);
  std::optional<Error> error;
  double seconds = 0;
  const std::uint64_t calls = nodes.usage().calls;
  std::thread waiting([&] {
    error = error_of([&] {
      nodes.ask("worker-1", node::WaitArchive{dump.path, {}}, "waiting", StopToken().within(std::chrono::minutes(1)));
    });
  });
  // A later request that is answered shows that the earlier one has been read.
  while (nodes.usage().calls < calls + 3) archives.list("worker-1", {"/x/checkpoints", "a", "b", "c"}, {});
  const auto begin = Clock::now();
  act();
  waiting.join();
  seconds = seconds_between(begin, Clock::now());
  return {*error, seconds};
}

}  // namespace

TEST_CASE("session: what the program gave up by itself is no interruption", "[session]") {
  StopSource stop;
  for (const bool asked : {false, true}) {
    node::Call call(1, "moving an archive", [](const std::string&, const std::string&) {});
    call.take({node::FrameKind::error, 1, node::print_cancelled()});
    if (asked) stop.request_stop();
    if (asked) {
      CHECK_THROWS_AS(call.next(stop.token()), Cancelled);
      continue;
    }
    const Error error = error_of([&] { call.next(stop.token()); });
    CHECK(error.kind() == ErrorKind::unavailable);
    CHECK_THAT(error.what(), Contains("moving an archive: the session ended on the node"));
  }
}

TEST_CASE("session: the program is killed; the next call begins a new one", "[session]") {
  SessionLab lab;
  SshNodes nodes(lab.settings());
  nodes.open("worker-1", {});
  const EndlessDump dump(lab);
  const auto [error, seconds] = error_while_waiting(nodes, dump, [&] { lab.kill_programs(SIGKILL); });
  CHECK(error.kind() == ErrorKind::unavailable);
  CHECK_THAT(error.what(), Contains("worker-1"));
  CHECK(seconds < 30);
  CHECK(SessionInspector(nodes).tools("worker-1", "", {}).asked);
}

TEST_CASE("session: the connection is cut; the next call begins a new one", "[session]") {
  SessionLab lab;
  SshNodes nodes(lab.settings());
  nodes.open("worker-1", {});
  const EndlessDump dump(lab);
  const auto [error, seconds] = error_while_waiting(nodes, dump, [&] {
    for (const int pid : lab.sshd.sessions()) ::kill(pid, SIGKILL);
  });
  CHECK(error.kind() == ErrorKind::unavailable);
  CHECK(seconds < 30);
  CHECK(eventually([&] { return lab.programs().empty(); }));
  CHECK(SessionInspector(nodes).tools("worker-1", "", {}).asked);
}

TEST_CASE("session: what may be done twice is asked again when its session ends, once", "[session]") {
  SessionLab lab;
  NodeSettings settings = lab.settings();
  settings.again = Millis{60000};
  SshNodes nodes(settings);
  SessionArchives archives(nodes);
  nodes.open("worker-1", {});
  EndlessDump dump(lab);
  std::vector<int> seen;
  const auto read_by_next = [&] {
    REQUIRE(eventually([&] {
      const std::vector<int> now = lab.programs_with(dump.path);
      if (now.empty() || now == seen) return false;
      seen = now;
      return true;
    }));
  };
  const int signal = GENERATE(SIGKILL, SIGTERM);  // at the second the program gives it up in order, and then ends
  for (const bool again : {false, true}) {
    seen.clear();
    std::optional<Error> error;
    std::thread waiting([&] {
      try {
        archives.wait_complete("worker-1", dump.path, StopToken().within(std::chrono::minutes(2)));
      } catch (const Error& thrown) {
        error = thrown;
      }
    });
    read_by_next();
    lab.kill_programs(signal);
    read_by_next();
    if (again)
      lab.kill_programs(signal);
    else
      dump.writer.reset();
    waiting.join();
    CHECK(error.has_value() == again);
    if (error) CHECK(error->kind() == ErrorKind::unavailable);
    dump.writer = posix::UniqueFd(::open(dump.path.c_str(), O_WRONLY | O_CLOEXEC));
  }
}

TEST_CASE("session: silence is an end, in time", "[session]") {
  SessionLab lab;
  NodeSettings settings = lab.settings();
  settings.silence = Millis{4000};
  SshNodes nodes(settings);
  nodes.open("worker-1", {});
  const EndlessDump dump(lab);
  std::vector<int> stopped;
  const auto [error, seconds] = error_while_waiting(nodes, dump, [&] {
    stopped = lab.sshd.sessions();
    for (const int pid : stopped) ::kill(pid, SIGSTOP);
  });
  CHECK(error.kind() == ErrorKind::unavailable);
  CHECK_THAT(error.what(), Contains("worker-1 was silent for"));
  CHECK(seconds < 30);
  // There, too: nobody has spoken to it, and it has ended by itself.
  CHECK(eventually([&] { return lab.programs().empty(); }));
  CHECK(SessionInspector(nodes).tools("worker-1", "", {}).asked);
  for (const int pid : stopped) ::kill(pid, SIGKILL);
}

TEST_CASE("session: where nothing was heard for a while, whether it lives is waited for", "[session]") {
  SessionLab lab;
  NodeSettings settings = lab.settings();
  settings.silence = Millis{12000};
  SshNodes nodes(settings);
  const auto first = nodes.session("worker-1", {});
  const std::vector<int> stopped = lab.sshd.sessions();
  for (const int pid : stopped) ::kill(pid, SIGSTOP);
  REQUIRE(eventually([&] { return !first->speaks(); }));
  REQUIRE(first->alive());
  std::thread ending([&] {
    std::this_thread::sleep_for(Millis{500});
    for (const int pid : stopped) ::kill(pid, SIGKILL);
  });
  const auto next = nodes.session("worker-1", {});
  ending.join();
  CHECK(next != first);
  CHECK(SessionInspector(nodes).tools("worker-1", "", {}).asked);
}

TEST_CASE("session: what has nothing to say is not silent", "[session]") {
  SessionLab lab;
  NodeSettings settings = lab.settings();
  settings.silence = Millis{4000};
  SshNodes nodes(settings);
  const auto session = nodes.session("worker-1", {});
  const EndlessDump dump(lab);
  CHECK(error_of([&] {
          SessionArchives(nodes).wait_complete("worker-1", dump.path, StopToken().within(Millis{10000}));
        }).kind() == ErrorKind::timeout);
  CHECK(session->alive());
  CHECK(nodes.session("worker-1", {}) == session);
}

TEST_CASE("session: nothing on the node outlives ms2m, not even after SIGKILL", "[session]") {
  SessionLab lab;
  const pid_t child = ::fork();
  if (child == 0) {
    SshNodes nodes(lab.settings());
    nodes.open("worker-1", {});
    const EndlessDump dump(lab);
    SessionArchives(nodes).wait_complete("worker-1", dump.path, {});
    ::_exit(0);
  }
  REQUIRE(eventually([&] { return !lab.programs().empty(); }));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(eventually([&] { return lab.programs().empty(); }));
  CHECK(eventually([&] { return lab.sshd.sessions().empty(); }));
}

TEST_CASE("session: ms2m that is stopped counts as gone on the node", "[session]") {
  SessionLab lab;
  const pid_t child = ::fork();
  if (child == 0) {
    NodeSettings settings = lab.settings();
    settings.silence = Millis{4000};
    SshNodes nodes(settings);
    nodes.open("worker-1", {});
    const EndlessDump dump(lab);
    SessionArchives(nodes).wait_complete("worker-1", dump.path, {});
    ::_exit(0);
  }
  REQUIRE(eventually([&] { return std::filesystem::exists(lab.checkpoints + "/" + kArchiveName); }));
  ::kill(child, SIGSTOP);
  CHECK(eventually([&] { return lab.programs().empty(); }));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST_CASE("session: a freeze whose session has ended does not hold, and is not made to stay", "[session]") {
  SessionLab lab;
  SshNodes nodes(lab.settings());
  SessionProcesses processes(nodes);
  const std::string container =
      "cri-o://" + std::string(64, 'e');  // of none, nor of a test's: there is nothing to be frozen
  const FreezeTerms ends{Millis{60000}, AtEnd::thaw}, stays{std::nullopt, AtEnd::stay};
  CHECK_FALSE(processes.holds("worker-1", container));
  CHECK_FALSE(processes.freeze("worker-1", container, ends, {}));
  CHECK(processes.holds("worker-1", container));
  CHECK_FALSE(processes.freeze("worker-1", container, stays, {}));
  lab.kill_programs(SIGKILL);
  CHECK(eventually([&] { return !processes.holds("worker-1", container); }));
  const auto error = error_of([&] { processes.freeze("worker-1", container, stays, {}); });
  CHECK(error.kind() == ErrorKind::inconsistent);
  CHECK_THAT(error.what(), Contains("worker-1 has ended"));
  CHECK_FALSE(processes.thaw("worker-1", container, {}));
  CHECK_FALSE(processes.freeze("worker-1", container, stays, {}));
}
