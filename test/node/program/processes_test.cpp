#include "node/program/processes.hpp"

#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/catch.hpp"

using namespace ms2m::node;

TEST_CASE("a process group lives as long as one of it has not ended", "[processes]") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::setpgid(0, 0);
    ::pause();
    ::_exit(0);
  }
  REQUIRE(::setpgid(child, child) == 0);
  CHECK(group_lives(child));
  REQUIRE(::kill(child, SIGKILL) == 0);
  siginfo_t ended{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) == 0);
  // Nobody has reaped it: the kernel still knows the group.
  CHECK(::kill(-child, 0) == 0);
  CHECK_FALSE(group_lives(child));
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  CHECK_FALSE(group_lives(child));
}
