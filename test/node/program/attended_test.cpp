// A container that somebody else has checkpointed and left paused, on control groups of this machine.
#include <sys/prctl.h>
#include <sys/ptrace.h>

#include <array>
#include <functional>

#include "control_groups.hpp"
#include "node/program/control_group.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;

namespace {

/// As a container runtime does it: no session has to do with it.
struct Paused {
  explicit Paused(const fs::path& tree) : own(tree, kName) {
    session.emplace(program_on(place, tree));
    session->hello();
    group = find_control_group(tree, kId);
    REQUIRE(group);
  }
  void pause() {
    REQUIRE(write_frozen(*group, true));
    REQUIRE(await_frozen(*group, StopToken(), [&] { write_frozen(*group, true); }));
    REQUIRE(own.stands(Millis{50}));
  }
  inline static const std::string kName = "cri-containerd-" + kId + ".scope";
  const Place place;
  Container own;
  std::optional<Session> session;
  std::optional<ControlGroup> group;
};

/// A process of the test's, until end().
class Child {
 public:
  explicit Child(const std::function<void()>& run) : pid_(::fork()) {
    if (pid_ != 0) return;
    run();
    ::_exit(127);
  }
  ~Child() { end(); }
  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

/// It looks as if it made a checkpoint of that container.
struct Checkpointing : Child {
  // The words behind -c are the script's own arguments.
  Checkpointing()
      : Child([] {
          ::execlp("sh", "sh", "-c", "while :; do sleep 0.1; done", "runc", "checkpoint", kId.c_str(), nullptr);
        }) {
    // Only then is its command line what it is to be.
    REQUIRE(becomes_true([&] {
      return content("/proc/" + std::to_string(pid()) + "/cmdline").find("checkpoint") != std::string::npos;
    }));
  }
};

std::array<int, 2> pipe_ends() {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  return ends;
}

/// It holds the container's process as CRIU does, whose runtime has died; or is another program that does.
class Tracing {
 public:
  Tracing(pid_t traced, const char* name) : child_([&] { trace(traced, name); }) {
    ::close(ready_[1]);
    char yes = 0;
    REQUIRE(::read(ready_[0], &yes, 1) == 1);
    ::close(ready_[0]);
  }
  void end() { child_.end(); }

 private:
  void trace(pid_t traced, const char* name) const {
    ::dup2(ready_[1], STDOUT_FILENO);
    ::close_range(3, ~0U, 0);  // the session's too: it could not be closed
    ::prctl(PR_SET_NAME, name);
    if (::ptrace(PTRACE_SEIZE, traced, nullptr, nullptr) != 0 || ::write(STDOUT_FILENO, "y", 1) != 1) return;
    for (;;) ::pause();
  }
  std::array<int, 2> ready_ = pipe_ends();
  Child child_;
};

}  // namespace

TEST_CASE("a container that a given up checkpoint has left paused is resumed on request", "[node_program]") {
  const Trees trees;
  for (const fs::path& tree : trees.found) {
    INFO(tree);
    Paused paused(tree);
    paused.session->call(AttendCheckpoint{"containerd://" + kId, false});
    CHECK_FALSE(paused.session->call(MendCheckpoint{kId}).found);  // it runs
    paused.session->call(AttendCheckpoint{kId, false});
    paused.pause();
    CHECK(paused.session->call(MendCheckpoint{kId}).found);
    CHECK(paused.own.counts());
    CHECK_FALSE(paused.session->call(MendCheckpoint{std::string(64, 'b')}).found);  // none of that name
  }
}

TEST_CASE("a container that a checkpoint has left paused is resumed at the session's end", "[node_program]") {
  const Trees trees;
  for (const fs::path& tree : trees.found)
    for (const bool over : {false, true}) {
      INFO(tree << " " << over);
      Paused paused(tree);
      paused.session->call(AttendCheckpoint{kId, false});
      if (over) paused.session->call(AttendCheckpoint{kId, true});
      paused.pause();
      paused.session->close();
      CHECK(paused.session->wait().ok());
      CHECK((over ? paused.own.stands() : paused.own.counts()));
    }
}

TEST_CASE("a container is not resumed while somebody makes a checkpoint of it", "[node_program]") {
  const Trees trees;
  for (const fs::path& tree : trees.found) {
    INFO(tree);
    Paused paused(tree);
    Checkpointing checkpointing;
    paused.session->call(AttendCheckpoint{kId, false});
    paused.pause();
    paused.session->close();
    CHECK(paused.own.stands(std::chrono::seconds(3)));
    checkpointing.end();
    CHECK(paused.session->wait().ok());
    CHECK(paused.own.counts());
  }
}

TEST_CASE("a container is not resumed while a CRIU that is nobody's has it", "[node_program]") {
  const Trees trees;
  for (const fs::path& tree : trees.found)
    for (const bool criu : {true, false}) {
      INFO(tree << " " << criu);
      Paused paused(tree);
      Tracing tracing(paused.own.pid(), criu ? "criu" : "strace");
      paused.session->call(AttendCheckpoint{kId, false});
      paused.pause();
      paused.session->close();
      if (criu) {
        CHECK(paused.own.stands(std::chrono::seconds(3)));
        tracing.end();
      }
      CHECK(paused.session->wait().ok());
      tracing.end();  // traced, it stops at every signal
      CHECK(paused.own.counts());
    }
}

TEST_CASE("a container that stood still before its checkpoint, or by a session's freeze, is left so",
          "[node_program]") {
  const Trees trees;
  for (const fs::path& tree : trees.found) {
    INFO(tree);
    {
      Paused paused(tree);
      paused.pause();
      paused.session->call(AttendCheckpoint{kId, false});
      CHECK_FALSE(paused.session->call(MendCheckpoint{kId}).found);
      paused.session->close();
      CHECK(paused.session->wait().ok());
      CHECK(paused.own.stands());
    }
    Paused paused(tree);
    paused.session->call(AttendCheckpoint{kId, false});
    REQUIRE(paused.session->call(freeze(60000, AtEnd::thaw)).found);
    CHECK_FALSE(paused.session->call(MendCheckpoint{kId}).found);
    CHECK(paused.own.stands());
  }
}
