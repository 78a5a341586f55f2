// The guard and its program, each late for the other.
#include "node/program/guard.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "ms2m/error.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::node;

namespace {

struct Ends {
  Ends() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0); }
  ~Ends() {
    for (const int fd : fds) ::close(fd);
  }
  bool shut_within(Millis time) const {
    pollfd end{fds[1], POLLIN, 0};
    char byte = 0;
    return ::poll(&end, 1, static_cast<int>(time.count())) == 1 && ::recv(fds[1], &byte, 1, 0) == 0;
  }
  int fds[2] = {-1, -1};
};

bool died(const Guard& guard) {
  pollfd end{guard.fd(), 0, 0};
  return ::poll(&end, 1, 0) == 1;
}

}  // namespace

TEST_CASE("a guard that is late holds nobody up, and nothing comes to its end by that", "[node_program]") {
  Guard guard;
  const Ends ends, others;
  guard.sever("one", ends.fds[0]);
  ::kill(guard.owner().guard, SIGSTOP);
  const TimePoint start = Clock::now();
  for (int i = 0; i < 1000; ++i) guard.awake();  // more than there is room for
  CHECK(Clock::now() - start < std::chrono::seconds(10));
  CHECK_FALSE(died(guard));
  ::kill(guard.owner().guard, SIGCONT);
  // Each has the answer to its own order.
  guard.sever("two", others.fds[0]);
  guard.spare("one");
  CHECK_FALSE(died(guard));
  CHECK_FALSE(ends.shut_within(Millis{100}));
  guard.end();
  CHECK(others.shut_within(Millis{0}));
  CHECK_FALSE(ends.shut_within(Millis{0}));
}

TEST_CASE("a socket that did not come is none that will be severed", "[node_program]") {
  Guard guard;
  CHECK_THROWS_AS(guard.sever("one", -1), Error);
}

TEST_CASE("a guard that has died is seen by its descriptor", "[node_program]") {
  Guard guard;
  const Ends ends;
  guard.sever("one", ends.fds[0]);
  ::kill(guard.owner().guard, SIGKILL);
  pollfd end{guard.fd(), 0, 0};
  REQUIRE(::poll(&end, 1, 10'000) == 1);
  guard.awake();
  CHECK_THROWS_AS(guard.sever("two", ends.fds[0]), Error);
}
