// What the agent is made of, each by itself.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

#include "agent/keys.hpp"
#include "agent/refusals.hpp"
#include "agent/server.hpp"
#include "agent/session.hpp"
#include "agent/watchdog.hpp"
#include "agent_lab.hpp"
#include "ms2m/error.hpp"
#include "ms2m/stop.hpp"

using namespace ms2m;
using namespace ms2m::agent;
using ms2m::test::comes_true;

namespace {

struct Sockets {
  int ours = -1, theirs = -1;
  Sockets() {
    int both[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, both) == 0);
    ours = both[0];
    theirs = both[1];
  }
  ~Sockets() {
    ::close(ours);
    ::close(theirs);
  }
  Sockets(const Sockets&) = delete;
  bool ended() const {
    char byte;
    return ::recv(theirs, &byte, 1, MSG_DONTWAIT) == 0;
  }
};

posix::ProcessSpec program(std::vector<std::string> argv) {
  posix::ProcessSpec spec;
  spec.argv = std::move(argv);
  return spec;
}

/// All that comes until it has ended.
std::string whole(Session& session, Session::Output& last) {
  std::string all;
  for (std::uint64_t at = 0;; at = all.size()) {
    last = session.give(at);
    REQUIRE_FALSE(last.misplaced);
    all += last.bytes;
    if (last.ended) return all;
  }
}

}  // namespace

TEST_CASE("agent: secrets are compared whole") {
  CHECK(same_secret("abc", "abc"));
  CHECK_FALSE(same_secret("abc", "abd"));
  CHECK_FALSE(same_secret("abc", "ab"));
  CHECK_FALSE(same_secret("", "abc"));
}

TEST_CASE("agent: keys are made anew each time") {
  const Keys one = make_keys("ms2m-agent"), other = make_keys("ms2m-agent");
  CHECK(one.token.size() == 64);
  CHECK(one.token != other.token);
  CHECK(one.key != other.key);
  CHECK(one.authority.starts_with("-----BEGIN CERTIFICATE-----\n"));
  CHECK(one.key.starts_with("-----BEGIN PRIVATE KEY-----\n"));
}

TEST_CASE("agent: refusals have a rate") {
  Refusals refusals(2, 3);
  const TimePoint now = Clock::now();
  for (int i = 0; i < 3; ++i) CHECK(refusals.allow(now));
  CHECK_FALSE(refusals.allow(now));
  CHECK(refusals.allow(now + Millis{500}));
  CHECK_FALSE(refusals.allow(now + Millis{500}));
  for (int i = 0; i < 3; ++i) CHECK(refusals.allow(now + Millis{60000}));
  CHECK_FALSE(refusals.allow(now + Millis{60000}));
}

namespace {

constexpr std::size_t kMuch = 1u << 20;

/// A thread for each connection, as there is.
class Connections {
 public:
  explicit Connections(Watchdog& watchdog) : watchdog_(watchdog) {}
  ~Connections() {
    go_.request_stop();
    for (auto& thread : threads_) thread.join();
  }
  void add(const Sockets& sockets, TimePoint deadline, bool known) {
    std::promise<void> done;
    threads_.emplace_back([&, known] {
      watchdog_.watch(sockets.ours, deadline, kMuch);
      watchdog_.watch(sockets.ours, Clock::now(), kMuch);  // there is one already
      if (known) watchdog_.trust();
      done.set_value();
      pollfd fd{go_.token().fd(), POLLIN, 0};
      ::poll(&fd, 1, -1);
      watchdog_.forget();
    });
    done.get_future().wait();
  }

 private:
  Watchdog& watchdog_;
  StopSource go_;
  std::vector<std::thread> threads_;
};

}  // namespace

TEST_CASE("agent: a connection is ended at its time, and the oldest unknown one for one more") {
  Watchdog watchdog(2);
  const TimePoint later = Clock::now() + std::chrono::minutes(5);
  const Sockets known, first, second, third, late;
  {
    Connections connections(watchdog);
    connections.add(known, later, true);
    connections.add(first, later, false);
    connections.add(second, later, false);
    CHECK_FALSE(first.ended());
    connections.add(third, later, false);
    CHECK(first.ended());
    CHECK_FALSE(second.ended());
    CHECK_FALSE(third.ended());
    connections.add(late, Clock::now() + Millis{20}, true);
    CHECK(comes_true([&] { return late.ended(); }));
    CHECK_FALSE(known.ended());
    watchdog.end_all();
    CHECK(known.ended());
  }
}

TEST_CASE("agent: one that was ended is not served again") {
  Watchdog watchdog(2);
  const Sockets sockets;
  const TimePoint later = Clock::now() + std::chrono::minutes(5);
  CHECK_FALSE(watchdog.extend(later));
  watchdog.watch(sockets.ours, later, kMuch);
  CHECK(watchdog.extend(later));
  watchdog.end();
  CHECK_FALSE(watchdog.extend(later));
  watchdog.forget();
  watchdog.watch(sockets.ours, later, kMuch);
  CHECK(watchdog.extend(later));
}

TEST_CASE("agent: bytes have numbers, so that nothing that is sent again is doubled or missing") {
  Session session("k3x9qa", program({"cat"}), Millis{60000});
  bool ended = false;
  CHECK(session.take(0, "hello ", ended) == 6u);
  CHECK(session.take(0, "hello ", ended) == 6u);
  CHECK(session.take(3, "lo world", ended) == 11u);
  CHECK_FALSE(session.take(12, "!", ended));
  CHECK_FALSE(ended);
  std::string got;
  while (got.size() < 11) {
    const auto output = session.give(got.size());
    const auto again = session.give(got.size());
    CHECK(again.bytes == output.bytes);
    got += output.bytes;
  }
  CHECK(got == "hello world");
  CHECK(session.give(3).misplaced);
  CHECK(session.give(12).misplaced);
  session.close();
  session.take(11, "x", ended);
  CHECK(ended);
  Session::Output last = session.give(11);
  while (!last.ended) last = session.give(11);
  CHECK(last.end == "exit status 0");
}

TEST_CASE("agent: how a program ended is told with its last words") {
  Session session("k3x9qa", program({"sh", "-euc", "echo out; echo because >&2; exit 7"}), Millis{60000});
  Session::Output last;
  CHECK(whole(session, last) == "out\n");
  CHECK(last.end == "exit status 7");
  CHECK(last.said == "because");
}

TEST_CASE("agent: a program that takes nothing holds a request up for a while only") {
  Session session("k3x9qa", program({"sleep", "60"}), Millis{300});
  bool ended = false;
  const std::string much(8u << 20, 'x');
  const TimePoint begun = Clock::now();
  const auto taken = session.take(0, much, ended);
  CHECK(Clock::now() - begun < std::chrono::seconds(30));
  REQUIRE(taken);
  CHECK(*taken < much.size());
  CHECK(*taken > 0);
  CHECK(session.take(0, much, ended) == *taken);  // what it had counts as had
}

TEST_CASE("agent: a connection that brings more than it may is ended") {
  Watchdog watchdog(2);
  const Sockets sockets;
  watchdog.watch(sockets.ours, Clock::now() + std::chrono::minutes(5), 10);
  watchdog.came(10);
  CHECK_FALSE(sockets.ended());
  watchdog.allow(5);
  watchdog.came(4);
  CHECK_FALSE(sockets.ended());
  watchdog.came(2);
  CHECK(sockets.ended());
  watchdog.forget();
}
