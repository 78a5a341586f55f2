// The handler dies at any time: nothing of what it began keeps running.
#include <sys/stat.h>

#include <csignal>

#include "fake_node.hpp"
#include "node/restore/waiting.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;
using Catch::Contains;
using Words = std::vector<std::string>;
using S = RestoreState;

namespace {

void kill_it(posix::Child& child, int signal) {
  ::kill(child.pid(), signal);
  const auto status = child.wait_for(std::chrono::seconds(60));
  REQUIRE(status);
  CHECK(status->signal == signal);
}

}  // namespace

TEST_CASE("killed while it waits: nobody waits any more, and the next create is served", "[node_handler]") {
  const FakeNode node;
  auto place = node.prepare();
  const auto child = node.begin(node.create_arguments());
  REQUIRE(becomes_true([&] { return place.status().waiting; }));
  kill_it(*child, SIGKILL);
  CHECK_FALSE(place.status().waiting);
  CHECK(place.status().state == S::prepared);
  place.change([](Record& record) { record.uid = kUid, record.ready = true; });
  CHECK(node.create().ok());
}

TEST_CASE("killed while the runtime restores: the runtime, what it started and its daemons end", "[node_handler]") {
  for (const int signal : {SIGKILL, SIGTERM}) {
    const FakeNode node;
    auto place = node.ready();
    REQUIRE(::mkfifo(node.path("go").c_str(), 0600) == 0);
    node.at("restore", R"(echo $$ >runtime
setsid bash -c 'echo $$ >daemon; sleep 1000' </dev/null >/dev/null 2>&1 &
sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >restored
read <go)");
    const auto child = node.begin(node.create_arguments());
    const auto process = [&](const char* name) {
      const std::string text = content(node.path(name));
      return text.empty() ? -1 : std::stoi(text);
    };
    REQUIRE(becomes_true([&] { return process("daemon") > 0 && process("restored") > 0; }));
    for (const char* each : {"runtime", "daemon", "restored"}) CHECK(alive(process(each)));
    kill_it(*child, signal);
    CHECK(becomes_true([&] { return node.commands() == Words{"restore", "delete"}; }));
    for (const char* each : {"runtime", "daemon", "restored"}) {
      INFO(each);
      CHECK(becomes_true([&] { return !alive(process(each)); }));
    }
    CHECK(place.status().state == S::taken);
    CHECK_THAT(node.create().err, Contains("not begun twice"));
  }
}

TEST_CASE("killed while the runtime restores: it is under way until all of it has ended", "[node_handler]") {
  const FakeNode node;
  auto place = node.ready();
  for (const char* gate : {"go", "gone"}) REQUIRE(::mkfifo(node.path(gate).c_str(), 0600) == 0);
  node.at("restore", "sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >restored; read <go");
  node.at("delete", "read <gone");
  CHECK_FALSE(Underway::any(place.directory()));
  const auto child = node.begin(node.create_arguments());
  REQUIRE(becomes_true([&] { return node.restored_process() > 0; }));
  CHECK(Underway::any(place.directory()));
  kill_it(*child, SIGKILL);
  REQUIRE(becomes_true([&] { return node.commands() == Words{"restore", "delete"}; }));
  CHECK(Underway::any(place.directory()));
  put(node.path("gone"), "\n");
  CHECK(becomes_true([&] { return !Underway::any(place.directory()); }));
}

TEST_CASE("killed after the restore, before it is told: the copy ends", "[node_handler]") {
  const FakeNode node;
  auto place = node.ready();
  // The record cannot be written while somebody has the lock: the handler stands just behind its restore.
  REQUIRE(::mkfifo(node.path("go").c_str(), 0600) == 0);
  node.at("restore", "sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >restored; read <go");
  const auto child = node.begin(node.create_arguments());
  REQUIRE(becomes_true([&] { return node.restored_process() > 0; }));
  place.change([&](Record&) {
    put(node.path("go"), "\n");
    REQUIRE(becomes_true([&] { return std::filesystem::exists(node.path("not-started/") + kContainer); }));
    CHECK(alive(node.restored_process()));
    kill_it(*child, SIGKILL);
  });
  CHECK(becomes_true([&] { return !alive(node.restored_process()); }));
  CHECK(becomes_true([&] { return node.commands() == Words{"restore", "delete"}; }));
  CHECK(place.status().state == S::taken);
}

TEST_CASE("once it has told so, what was restored lives on without it", "[node_handler]") {
  const FakeNode node;
  node.ready();
  CHECK(node.create().ok());
  CHECK(alive(node.restored_process()));
  CHECK(node.commands() == Words{"restore"});
}
