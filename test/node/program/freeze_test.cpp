// Freezing, thawing and killing on control groups of this machine, and what becomes of a frozen container when the
// program, its session or its time ends.
#include <thread>

#include "control_groups.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;
using Catch::Contains;

TEST_CASE("a container's processes are frozen, thawed and killed by its control group", "[node_program]") {
  const Place place;
  const Trees trees;
  for (const fs::path& tree : trees.found) {
    Session session(program_on(place, tree));
    session.hello();
    for (const auto& [group, inner] :
         std::vector<std::pair<std::string, std::string>>{{"crio-" + kId + ".scope", ""},
                                                          {"crio-" + kId + ".scope", "container"},
                                                          {"cri-containerd-" + kId + ".scope", ""},
                                                          {"docker-" + kId + ".scope", ""},
                                                          {kId, ""},
                                                          {"crio-" + kId, ""}}) {
      INFO((tree / group / inner).string());
      Container monitor(tree, "crio-conmon-" + kId + ".scope");
      Container own(tree, group, inner);
      CHECK(own.counts());
      CHECK(session.call(Freeze{"cri-o://" + kId, {}, AtEnd::stay, false}).found);
      CHECK(own.stands());
      CHECK(monitor.counts());
      CHECK(session.call(freeze(60000, AtEnd::thaw)).found);
      CHECK(session.call(Thaw{kId}).found);
      CHECK(own.counts());
      CHECK(session.call(Thaw{kId}).found);
      CHECK(session.call(freeze({}, AtEnd::thaw)).found);
      // The zombie is ours to reap, and it stays in its group until then.
      const auto kill = session.begin(Kill{kId});
      CHECK(own.ended());
      CHECK(session.finish<Kill>(kill).found);
      CHECK(monitor.counts());
      CHECK_FALSE(session.call(Kill{kId}).found);
      CHECK_FALSE(session.call(Thaw{kId}).found);
      CHECK_FALSE(session.call(freeze(1000, AtEnd::kill)).found);
    }
    session.close();
    CHECK(session.wait().ok());
  }
}

TEST_CASE("a container whose processes fork all the time is frozen as well", "[node_program]") {
  const Place place;
  const Trees trees;
  for (const fs::path& tree : trees.found) {
    INFO(tree);
    Container own(tree, "crio-" + kId + ".scope", "",
                  "(while :; do /bin/true; done) & (while :; do /bin/true | /bin/cat; done) &");
    Session session(program_on(place, tree));
    session.hello();
    for (int i = 0; i < 200; ++i) {
      REQUIRE(session.call(freeze(30000, AtEnd::thaw)).found);
      REQUIRE(session.call(Thaw{kId}).found);
    }
    session.close();
    CHECK(session.wait().ok());
  }
}

TEST_CASE("nobody stays frozen when the program dies, its session ends or is silent, or its time is over",
          "[node_program]") {
  const Place place;
  const Trees trees;
  for (const fs::path& tree : trees.found)
    for (const char* how : {"killed", "closed", "silent", "stopped", "terminated"}) {
      INFO(how << " " << tree);
      Container own(tree, "crio-" + kId + ".scope", "container");
      Session session(program_on(place, tree));
      const bool silent = std::string(how) == "silent", stopped = std::string(how) == "stopped";
      session.hello(silent ? Millis{3000} : Millis{60000});
      const int guard = session.guard();
      CHECK(session.call(freeze(stopped ? 3000 : 60000, AtEnd::thaw)).found);
      CHECK(own.stands(Millis{100}));
      if (std::string(how) == "killed") ::kill(session.child.pid(), SIGKILL);
      if (std::string(how) == "closed") session.close();
      if (std::string(how) == "terminated") ::kill(session.child.pid(), SIGTERM);
      if (stopped) ::kill(session.child.pid(), SIGSTOP);  // only the limit is left
      const TimePoint start = Clock::now();
      CHECK(own.counts());
      CHECK(seconds_between(start, Clock::now()) < 30);  // half the limit, where that is not what ends it
      if (stopped) ::kill(session.child.pid(), SIGKILL);
      session.wait();
      CHECK(becomes_true([&] { return !alive(guard); }));
    }
}

TEST_CASE(
    "the end of the program counts only after the time for which a freeze is to linger, and never after its limit",
    "[node_program]") {
  constexpr std::uint64_t kLinger = 4000;
  const Place place;
  const Trees trees;
  for (const fs::path& tree : trees.found)
    for (const char* how : {"killed", "closed"})
      for (const std::uint64_t limit : {60000, 2000}) {
        INFO(how << " " << limit << " " << tree);
        Container own(tree, "crio-" + kId + ".scope", "container");
        Session session(program_on(place, tree));
        session.hello();
        CHECK(session.call(Freeze{kId, limit, AtEnd::thaw, false, kLinger}).found);
        const TimePoint start = Clock::now();
        if (std::string(how) == "killed") ::kill(session.child.pid(), SIGKILL);
        if (std::string(how) == "closed") session.close();
        CHECK(own.stands());
        CHECK(own.counts());
        CHECK((seconds_between(start, Clock::now()) > kLinger / 1000.0 - 0.1) == (limit > kLinger));
        session.wait();
      }
}

TEST_CASE("a source that must not run on is killed at the end, frozen as it is", "[node_program]") {
  const Place place;
  const Trees trees;
  for (const fs::path& tree : trees.found)
    for (const char* how : {"killed", "closed", "limit"}) {
      INFO(how << " " << tree);
      Container own(tree, "crio-" + kId + ".scope");
      Session session(program_on(place, tree));
      session.hello();
      const int guard = session.guard();
      CHECK(session.call(freeze(std::string(how) == "limit" ? 500 : 30000, AtEnd::kill)).found);
      if (std::string(how) == "killed") ::kill(session.child.pid(), SIGKILL);
      if (std::string(how) == "closed") session.close();
      CHECK(own.ended());
      session.close();
      session.wait();
      CHECK(becomes_true([&] { return !alive(guard); }));  // or it meets the next one of this name
    }
}

TEST_CASE("a freeze that stays outlives the session; thawing takes the end away", "[node_program]") {
  const Place place;
  const Trees trees;
  for (const fs::path& tree : trees.found) {
    Container own(tree, "crio-" + kId + ".scope");
    for (const bool thawed : {false, true}) {
      Session session(program_on(place, tree));
      session.hello();
      CHECK(session.call(freeze(2000, AtEnd::kill)).found);
      if (thawed)
        CHECK(session.call(Thaw{kId}).found);
      else
        CHECK(session.call(freeze({}, AtEnd::stay)).found);  // the newest counts
      session.close();
      session.wait();
      std::this_thread::sleep_for(Millis{2300});  // past the limit that does not count any more
      CHECK((thawed ? own.counts() : own.stands()));
    }
  }
}

TEST_CASE("a freeze is made to stay or to kill only while it holds", "[node_program]") {
  const Place place;
  const Trees trees;
  for (const fs::path& tree : trees.found) {
    Container own(tree, "crio-" + kId + ".scope");
    Session session(program_on(place, tree));
    session.hello();
    const auto lasting = [&](AtEnd end) { return session.call(Freeze{kId, {}, end, true}).found; };
    const auto refused = [&](AtEnd end) {
      const Thrown error = thrown_by([&] { lasting(end); });
      return error.kind == ErrorKind::inconsistent && error.text.ends_with("has not been frozen all the time");
    };
    CHECK(refused(AtEnd::stay));  // never frozen
    CHECK(session.call(freeze(60000, AtEnd::thaw)).found);
    CHECK(lasting(AtEnd::kill));
    CHECK(lasting(AtEnd::stay));
    CHECK(own.stands());
    CHECK(session.call(Thaw{kId}).found);
    CHECK(refused(AtEnd::stay));
    CHECK(session.call(freeze(2000, AtEnd::thaw)).found);
    CHECK(own.counts());  // its time was over
    CHECK(refused(AtEnd::kill));
    CHECK(own.counts());
    CHECK(session.call(freeze(60000, AtEnd::thaw)).found);
    const fs::path group = tree / ("crio-" + kId + ".scope");
    const bool v2 = fs::exists(group / "cgroup.freeze");
    put(group / (v2 ? "cgroup.freeze" : "freezer.state"), v2 ? "0" : "THAWED");  // a runtime's own thaw
    CHECK(refused(AtEnd::stay));
    CHECK(own.counts());
  }
}

TEST_CASE("a group that does not stop is thawed again, and the error says so", "[node_program]") {
  const Place place;
  const FakeGroup group(place.cgroups);
  put(group.path + "/cgroup.events", "populated 1\nfrozen 0\n");
  Session session(place.program());
  session.hello();
  const Thrown error = thrown_by([&] { session.call(freeze(60000, AtEnd::thaw)); });
  CHECK(error.kind == ErrorKind::failed);
  CHECK_THAT(error.text, Contains("did not stop"));
  CHECK(group.state() == "0\n");
  // Given up half-way: as if it had not been.
  const auto channel = session.begin(freeze(60000, AtEnd::kill));
  REQUIRE(becomes_true([&] { return group.state() == "1\n"; }));
  session.send(FrameKind::cancel, channel);
  CHECK(thrown_by([&] { session.answer(channel); }).cancelled);
  CHECK(group.state() == "0\n");
  put(group.path + "/cgroup.events", "populated 1\nfrozen 1\n");
  CHECK(session.call(freeze(60000, AtEnd::thaw)).found);
  CHECK(group.state() == "1\n");
  session.close();
  CHECK(session.wait().ok());
  CHECK(group.state() == "0\n");
}

TEST_CASE("of several groups of a container's name the runtime's is taken, not what another container made",
          "[node_program]") {
  const Place place;
  const std::string own = "crio-" + kId + ".scope", other = std::string(64, 'b');
  const auto make = [&](const std::string& path, const std::string& kind) {
    put(path + "/cgroup.procs", "0\n");
    put(path + "/" + kind, kind == "cgroup.freeze" ? "0\n" : "THAWED\n");
    put(path + "/cgroup.events", "populated 1\nfrozen 1\n");
  };
  // Some of each come before the right one in a directory's order, whatever that is.
  std::vector<std::string> wrong;
  for (const char* slice : {"a", "b", "y", "z"})
    for (const std::string& group :
         {"/kubepods.slice/" + std::string(slice) + "/crio-" + other + ".scope/" + own,
          "/kubepods.slice/" + std::string(slice) + "/libpod-" + other + "/kubepods.slice/" + own,
          "/kubepods/" + std::string(slice) + "/" + other + "/" + own, "/" + std::string(slice) + "/" + own})
      make(wrong.emplace_back(place.cgroups + group), "cgroup.freeze");
  const std::string right = place.cgroups + "/freezer/kubepods.slice/m/" + own;
  make(right, "freezer.state");
  Session session(place.program());
  session.hello();
  const auto frozen = session.begin(freeze({}, AtEnd::stay));
  CHECK(becomes_true([&] { return content(right + "/freezer.state") == "FROZEN\n"; }));
  put(right + "/freezer.state", "FROZEN\n");
  CHECK(session.finish<Freeze>(frozen).found);
  for (const std::string& group : wrong) {
    INFO(group);
    CHECK(content(group + "/cgroup.freeze") == "0\n");
  }
}

TEST_CASE("a limit and an end that do not fit are refused", "[node_program]") {
  const Place place;
  const FakeGroup group(place.cgroups);
  Session session(place.program());
  session.hello();
  CHECK(thrown_by([&] { session.call(freeze(1000, AtEnd::stay)); }).kind == ErrorKind::usage);
  CHECK(group.state() == "0\n");
  for (const char* bad : {"", "cri-o://", "cri-o://../../x", "abc", "cri-o://aaaaaaaaaaaa*"})
    CHECK(thrown_by([&] { session.call(Freeze{bad, {}, AtEnd::thaw, false}); }).kind == ErrorKind::usage);
}

TEST_CASE("each of several freezes has its own end", "[node_program]") {
  const Place place;
  const std::string other(64, 'b');
  const std::string path = place.cgroups + "/crio-" + other;
  const FakeGroup group(place.cgroups);
  put(path + "/cgroup.procs", "0\n");
  put(path + "/cgroup.freeze", "0\n");
  put(path + "/cgroup.events", "populated 1\nfrozen 1\n");
  Session session(place.program());
  session.hello();
  CHECK(session.call(freeze(60000, AtEnd::thaw)).found);
  CHECK(session.call(Freeze{other, 300, AtEnd::thaw, false}).found);
  CHECK(becomes_true([&] { return content(path + "/cgroup.freeze") == "0\n"; }));
  CHECK(group.state() == "1\n");
  ::kill(session.child.pid(), SIGKILL);
  CHECK(becomes_true([&] { return group.state() == "0\n"; }));
  session.wait();
}
