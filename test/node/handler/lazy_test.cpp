// `create` of a container that runs while its pages of memory come.
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <sstream>

#include "node/restore/waiting.hpp"
#include "paged_node.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;
using Catch::Contains;
using S = RestoreState;

namespace {

/// Whoever a handler lets run comes up to the test, as it does to a conmon or a shim.
class Monitor {
 public:
  Monitor() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
  ~Monitor() { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }
};

int parent_of(int pid) {
  const std::string stat = content("/proc/" + std::to_string(pid) + "/stat");
  int parent = -1;
  if (const auto at = stat.rfind(')'); at != std::string::npos) std::istringstream(stat.substr(at + 4)) >> parent;
  return parent;
}

struct LazyNode : PagedNode {
  explicit LazyNode(const std::string& ends = "exit 0") : PagedNode(ends, true) { at("restore", restores("")); }
  /// As what CRIU restores: with none of the descriptors of whoever restores it. Then `more` is done.
  static std::string restores(const std::string& more) {
    return "read -r restored < <(exec bash -c 'for f in /proc/$$/fd/*; do f=${f##*/}; [ $f -le 2 ] || eval \"exec "
           "$f>&-\"; done; echo $$; exec sleep 1000 >/dev/null' </dev/null 2>/dev/null); echo $restored >restored; "
           "cp restored pid; cp system/etc/criu/crun.conf settings; " +
           more;
  }
  ~LazyNode() {
    for (const int each : {keeper(), daemon_process()})
      if (alive(each)) ::kill(each, SIGKILL);
  }
  int number(const std::string& file) const {
    const std::string text = content(path(file));
    return text.empty() ? -1 : std::stoi(text);
  }
  int daemon_process() const { return number("bin/criu.pid"); }
  int keeper() const { return number("bin/criu.parent"); }

  /// To its end, with a page that has been asked for, and does not come before it is given.
  posix::RunResult restored() {
    std::thread admits([this] {
      come = door.admit(StopToken().within(std::chrono::seconds(60)));
      shown_process(come.get(), StopToken().within(std::chrono::seconds(60)));
    });
    auto result = create();
    INFO(result.err);
    admits.join();
    REQUIRE(result.ok());
    char asked[4];
    REQUIRE(::recv(come.get(), asked, sizeof asked, MSG_WAITALL) == 4);
    return result;
  }
  void give() { REQUIRE(::send(come.get(), "contents\n", 9, 0) == 9); }
  bool over() const {
    return becomes_true([&] { return !Underway::any(place->directory()); });
  }
  bool nothing_runs() const {
    return becomes_true([&] { return !alive(restored_process()) && !alive(keeper()) && !alive(daemon_process()); });
  }
  Record record() const { return *place->read(); }
  /// As the node program kills what is taken back.
  void take_back() {
    ::kill(restored_process(), SIGKILL);
    place->change([](Record& each) { each.state = S::voided; });
  }
  PageDoor door{place->directory()};
  posix::UniqueFd come;
  const Monitor monitor;
};

}  // namespace

TEST_CASE("a lazy restore ends before its pages have come, and is complete when they have", "[node_handler]") {
  if (::geteuid() != 0) return;
  LazyNode node;
  node.restored();
  CHECK(node.record().state == S::restored);
  CHECK_FALSE(node.record().complete);
  CHECK(alive(node.restored_process()));
  CHECK(alive(node.daemon_process()));
  CHECK(Underway::any(node.place->directory()));
  node.give();
  CHECK(node.over());
  CHECK(node.record().complete);
  CHECK(node.record().failure.empty());
  CHECK(content(node.path("bin/criu.page")) == "contents\n");
  CHECK(alive(node.restored_process()));
  CHECK(becomes_true([&] { return !alive(node.keeper()) && !alive(node.daemon_process()); }));
}

TEST_CASE("a lazy restore's keeper has nothing of its caller's, and no part in what was restored", "[node_handler]") {
  if (::geteuid() != 0) return;
  LazyNode node;
  int ends[2];  // inherited by whatever the handler starts
  REQUIRE(::pipe(ends) == 0);
  posix::UniqueFd reads(ends[0]), writes(ends[1]);
  posix::set_nonblocking(reads.get());
  node.restored();  // has read its streams to their ends
  writes.reset();
  char byte = 0;
  CHECK(::read(reads.get(), &byte, 1) == 0);
  CHECK(parent_of(node.restored_process()) == ::getpid());
  CHECK(parent_of(node.keeper()) == ::getpid());
  CHECK(parent_of(node.daemon_process()) == node.keeper());
  const std::string proc = "/proc/" + std::to_string(node.keeper());
  CHECK(::getsid(node.keeper()) == node.keeper());
  CHECK(std::filesystem::read_symlink(proc + "/cwd") == "/");
  CHECK(std::filesystem::read_symlink("/proc/" + std::to_string(node.daemon_process()) + "/cwd") == "/");
  for (const char* each : {"/fd/0", "/fd/1", "/fd/2"}) CHECK(std::filesystem::read_symlink(proc + each) == "/dev/null");
  for (const int signal : {SIGHUP, SIGTERM}) ::kill(node.keeper(), signal);
  node.give();
  CHECK(node.over());
  CHECK(node.record().complete);
}

TEST_CASE("what was restored comes to the same parent when its pages came first", "[node_handler]") {
  if (::geteuid() != 0) return;
  const Monitor monitor;
  const PagedNode node;
  PageDoor door(node.place->directory());
  std::thread gives([&door] {
    const auto come = door.admit(StopToken().within(std::chrono::seconds(60)));
    shown_process(come.get(), StopToken().within(std::chrono::seconds(60)));
    REQUIRE(::send(come.get(), "contents\n", 9, 0) == 9);
    char asked[5];
    ::recv(come.get(), asked, sizeof asked, MSG_WAITALL);
  });
  CHECK(node.create().ok());
  gives.join();
  CHECK(parent_of(node.restored_process()) == ::getpid());
}

TEST_CASE("a copy whose pages do not come is killed, and it is told why", "[node_handler]") {
  if (::geteuid() != 0) return;
  LazyNode node;
  node.restored();
  std::string why = "the pages of memory did not all come";
  SECTION("whoever fetches them has died") { ::kill(node.daemon_process(), SIGKILL); }
  SECTION("nobody gives them any more") {
    node.come.reset();
    why += ": Error (u): Remote side closed connection";
  }
  CHECK(node.nothing_runs());
  CHECK(node.over());
  CHECK(node.record().state == S::restored);
  CHECK_FALSE(node.record().complete);
  CHECK(node.record().failure == why);
}

TEST_CASE("a copy that ends before its last page is never complete, and nobody fetches any more", "[node_handler]") {
  if (::geteuid() != 0) return;
  LazyNode node;
  node.restored();
  ::kill(node.restored_process(), SIGKILL);
  CHECK(node.nothing_runs());
  CHECK(node.over());
  CHECK_FALSE(node.record().complete);
  CHECK(node.record().failure == "the copy ended before the last page of its memory had come");
}

TEST_CASE("a copy is no longer under way when its keeper was killed", "[node_handler]") {
  if (::geteuid() != 0) return;
  LazyNode node;
  node.restored();
  ::kill(node.keeper(), SIGKILL);
  CHECK(node.over());
  CHECK(alive(node.daemon_process()));
  CHECK(alive(node.restored_process()));
  node.give();
  CHECK(becomes_true([&] { return !alive(node.daemon_process()); }));
  CHECK_FALSE(node.record().complete);
}

TEST_CASE("a copy that is taken back while its pages come: all of it ends, and it stays void", "[node_handler]") {
  if (::geteuid() != 0) return;
  LazyNode node;
  node.restored();
  node.take_back();
  CHECK(node.over());
  CHECK(node.nothing_runs());
  CHECK(node.record().state == S::voided);
  CHECK_FALSE(node.record().complete);
}

TEST_CASE("killed after the lazy restore, before it is told: copy, keeper and daemon end", "[node_handler]") {
  if (::geteuid() != 0) return;
  LazyNode node;
  std::thread admits([&] {
    node.come = node.door.admit(StopToken().within(std::chrono::seconds(60)));
    shown_process(node.come.get(), StopToken().within(std::chrono::seconds(60)));
  });
  // The record cannot be written while somebody has the lock: the handler stands just behind its restore.
  node.at("restore", LazyNode::restores("until [[ -e go ]]; do sleep 0.01; done"));
  const auto child = node.begin(node.create_arguments());
  admits.join();
  REQUIRE(becomes_true([&] { return node.restored_process() > 0; }));
  node.place->change([&](Record&) {
    put(node.path("go"), "\n");
    REQUIRE(becomes_true([&] { return std::filesystem::exists(node.path("not-started/") + kContainer); }));
    CHECK(alive(node.keeper()));
    CHECK(alive(node.restored_process()));
    ::kill(child->pid(), SIGKILL);
    REQUIRE(child->wait_for(std::chrono::seconds(60)));
  });
  CHECK(node.nothing_runs());
  CHECK(node.over());
  CHECK(node.record().state == S::taken);
}

TEST_CASE("a lazy restore whose pages fail while the runtime still restores is ended, and so is the runtime",
          "[node_handler]") {
  if (::geteuid() != 0) return;
  LazyNode node("exit 1");
  node.at("restore", "echo $$ >restored; cp system/etc/criu/crun.conf settings; exec sleep 1000 </dev/null >/dev/null");
  std::thread gives([&] {
    node.come = node.door.admit(StopToken().within(std::chrono::seconds(60)));
    shown_process(node.come.get(), StopToken().within(std::chrono::seconds(60)));
    node.give();
  });
  const auto result = node.create();
  gives.join();
  CHECK(result.status.code == 125);
  CHECK(node.nothing_runs());
  CHECK(node.record().state == S::taken);
  CHECK(node.record().failure == "the pages of memory did not all come");
}

TEST_CASE("a lazy restore that fails by itself is told with the runtime's own exit code", "[node_handler]") {
  if (::geteuid() != 0) return;
  LazyNode node;
  node.at("restore", "exit 7");
  std::thread admits([&] {
    node.come = node.door.admit(StopToken().within(std::chrono::seconds(60)));
    shown_process(node.come.get(), StopToken().within(std::chrono::seconds(60)));
  });
  const auto result = node.create();
  admits.join();
  CHECK(result.status.code == 7);
  CHECK(node.nothing_runs());
  CHECK_THAT(node.record().failure, Contains("exit status 7"));
}
