// A container that several sessions have had: the newest decides, whatever the older ones had meant to do.
#include <fcntl.h>
#include <sys/file.h>

#include <thread>

#include "control_groups.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;
using Catch::Contains;

namespace {

constexpr std::uint64_t kOldLimit = 2000;  // the newer one has its say before
/// Past the old one's limit, and the time that its guard takes.
void pass_the_limit() { std::this_thread::sleep_for(Millis{kOldLimit + 200}); }

/// Two of them on one container. The order in which they began is told apart by hundredths of a second.
struct Two {
  explicit Two(const fs::path& tree) : own(tree, "crio-" + kId + ".scope"), older(program_on(place, tree)) {
    older.hello();
    std::this_thread::sleep_for(Millis{30});
    newer.emplace(program_on(place, tree));
    newer->hello();
  }
  void close(Session& session) {
    session.close();
    session.wait();
  }
  const Place place;
  Container own;
  Session older;
  std::optional<Session> newer;
};

}  // namespace

TEST_CASE("a container that a newer session has frozen is not thawed or killed by the older one's guard",
          "[node_program]") {
  const Trees trees;
  for (const fs::path& tree : trees.found)
    for (const bool closed : {false, true}) {
      INFO(tree << " " << closed);
      Two two(tree);
      CHECK(two.older.call(freeze(kOldLimit, closed ? AtEnd::thaw : AtEnd::kill)).found);
      CHECK(two.newer->call(freeze(60000, AtEnd::thaw)).found);
      if (closed)
        two.close(two.older);
      else
        pass_the_limit();
      CHECK(two.own.stands());
      CHECK_FALSE(two.own.ended(Millis{0}));
      two.close(*two.newer);
      CHECK(two.own.counts());
    }
}

TEST_CASE("a container that a newer session has thawed, or left frozen, stays so at the older one's end",
          "[node_program]") {
  const Trees trees;
  for (const fs::path& tree : trees.found)
    for (const bool stays : {false, true}) {
      INFO(tree << " " << stays);
      Two two(tree);
      CHECK(two.older.call(freeze(kOldLimit, stays ? AtEnd::thaw : AtEnd::kill)).found);
      CHECK((stays ? two.newer->call(freeze({}, AtEnd::stay)) : two.newer->call(Thaw{kId})).found);
      two.close(*two.newer);
      pass_the_limit();
      CHECK_FALSE(two.own.ended(Millis{0}));
      CHECK((stays ? two.own.stands() : two.own.counts()));
      two.close(two.older);
      CHECK((stays ? two.own.stands() : two.own.counts()));
    }
}

TEST_CASE("what an older session asks for late does nothing to what a newer one has", "[node_program]") {
  const Trees trees;
  for (const fs::path& tree : trees.found) {
    INFO(tree);
    Two two(tree);
    CHECK(two.newer->call(freeze(60000, AtEnd::thaw)).found);
    for (const auto& ask :
         std::vector<std::function<void()>>{[&] { two.older.call(freeze(60000, AtEnd::kill)); },
                                            [&] { two.older.call(Thaw{kId}); }, [&] { two.older.call(Kill{kId}); }}) {
      const Thrown error = thrown_by(ask);
      CHECK(error.kind == ErrorKind::inconsistent);
      CHECK_THAT(error.text, Contains("another session, which began later, has container aaaaaaaaaaaa"));
    }
    two.close(two.older);
    CHECK(two.own.stands());
    CHECK(two.newer->call(Thaw{kId}).found);
    CHECK(two.own.counts());
  }
}

TEST_CASE("what a session that is gone with its guard had frozen comes to its end with an older one",
          "[node_program]") {
  const Trees trees;
  for (const fs::path& tree : trees.found)
    for (const AtEnd end : {AtEnd::thaw, AtEnd::kill}) {
      INFO(tree << " " << static_cast<int>(end));
      Two two(tree);
      CHECK(two.older.call(freeze(60000, AtEnd::thaw)).found);
      CHECK(two.newer->call(freeze(60000, end)).found);
      ::kill(two.newer->child.pid(), SIGSTOP);  // or it does what its guard cannot
      const int guard = two.newer->guard();
      ::kill(guard, SIGKILL);
      ::kill(two.newer->child.pid(), SIGKILL);
      CHECK(becomes_true([&] { return !alive(guard); }));
      CHECK(two.own.stands(Millis{100}));
      two.close(two.older);
      CHECK((end == AtEnd::thaw ? two.own.counts() : two.own.ended()));
      two.newer->wait();
    }
}

TEST_CASE("a session that stood still while a newer one came has no say when it goes on", "[node_program]") {
  const Trees trees;
  for (const fs::path& tree : trees.found) {
    INFO(tree);
    Two two(tree);
    CHECK(two.older.call(freeze(kOldLimit, AtEnd::kill)).found);
    const int guard = two.older.guard();
    for (const int each : {two.older.child.pid(), guard}) ::kill(each, SIGSTOP);
    CHECK(two.newer->call(freeze(60000, AtEnd::thaw)).found);
    two.older.close();
    pass_the_limit();
    for (const int each : {guard, two.older.child.pid()}) ::kill(each, SIGCONT);
    two.older.wait();
    CHECK_FALSE(two.own.ended(Millis{0}));
    CHECK(two.own.stands());
    two.close(*two.newer);
    CHECK(two.own.counts());
  }
}

TEST_CASE("nobody decides while another program does, and what is due then comes afterwards", "[node_program]") {
  const Trees trees;
  if (trees.found.empty()) return;
  const fs::path& tree = trees.found[0];
  const Place place;
  const Container own(tree, "crio-" + kId + ".scope");
  Session session(program_on(place, tree));
  session.hello();
  CHECK(session.call(freeze(kOldLimit, AtEnd::thaw)).found);
  const posix::UniqueFd other(::open((tree / ("crio-" + kId + ".scope")).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  REQUIRE(::flock(other.get(), LOCK_EX) == 0);  // as one that was stopped in the middle
  const auto given_up = session.begin(freeze({}, AtEnd::thaw));
  session.send(FrameKind::cancel, given_up);
  CHECK(thrown_by([&] { session.answer(given_up); }).cancelled);
  const Thrown error = thrown_by([&] { session.call(Thaw{kId}); });  // five seconds: past the limit
  CHECK(error.kind == ErrorKind::failed);
  CHECK_THAT(error.text, Contains("its lock is on /sys/fs/cgroup"));
  CHECK(own.stands(Millis{100}));
  ::flock(other.get(), LOCK_UN);
  CHECK(own.counts());
}
