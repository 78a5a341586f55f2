#include "cli/signals.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>

#include "support/catch.hpp"

using namespace ms2m;
using cli::SignalGuard;

namespace {

auto handler_of(int signal) {
  struct sigaction now {};
  ::sigaction(signal, nullptr, &now);
  return now.sa_handler;
}

/// What the process that starts ms2m has set, until the end of the test.
class Inherited {
 public:
  Inherited(int signal, void (*handler)(int)) : signal_(signal), before_(std::signal(signal, handler)) {}
  ~Inherited() { std::signal(signal_, before_); }
  Inherited(const Inherited&) = delete;
  Inherited& operator=(const Inherited&) = delete;

 private:
  int signal_;
  void (*before_)(int);
};

}  // namespace

TEST_CASE("signals that end the program request a stop first", "[signals]") {
  const int signal = GENERATE(SIGINT, SIGTERM, SIGHUP);
  CAPTURE(signal);
  const Inherited nobody_ignores(signal, SIG_DFL);
  {
    StopSource stop;
    const SignalGuard guard(stop);
    CHECK_FALSE(stop.token().stop_requested());
    ::raise(signal);
    CHECK(stop.token().stop_requested());
  }
  CHECK(handler_of(signal) == SIG_DFL);
}

TEST_CASE("the second one leaves at once, with what is to be done then", "[signals]") {
  const Inherited nobody_ignores(SIGTERM, SIG_DFL);
  static int said[2];
  REQUIRE(::pipe(said) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    StopSource stop;
    const SignalGuard guard(stop, []() noexcept { [[maybe_unused]] const auto told = ::write(said[1], "x", 1); });
    ::raise(SIGTERM);
    ::raise(SIGTERM);
    ::_exit(1);
  }
  ::close(said[1]);
  char what = 0;
  CHECK(::read(said[0], &what, 1) == 1);
  CHECK(what == 'x');
  ::close(said[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 130));
}

TEST_CASE("what the process was started to ignore stays ignored", "[signals]") {
  // nohup ms2m ... &: SIGHUP. A script's background job: SIGINT and SIGQUIT.
  const int signal = GENERATE(SIGHUP, SIGINT, SIGQUIT, SIGTERM);
  CAPTURE(signal);
  const Inherited ignored(signal, SIG_IGN);
  {
    StopSource stop;
    const SignalGuard guard(stop);
    ::raise(signal);
    ::raise(signal);
    CHECK_FALSE(stop.token().stop_requested());
    CHECK(handler_of(signal) == SIG_IGN);
  }
  CHECK(handler_of(signal) == SIG_IGN);
}

TEST_CASE("SIGUSR1 asks how far it is, and stops nothing", "[signals]") {
  const Inherited nobody_ignores(SIGUSR1, SIG_DFL);
  StopSource stop;
  {
    const SignalGuard guard(stop);
    std::uint64_t times = 0;
    REQUIRE(guard.asked() >= 0);
    CHECK(::read(guard.asked(), &times, sizeof times) < 0);
    ::raise(SIGUSR1);
    ::raise(SIGUSR1);
    CHECK(::read(guard.asked(), &times, sizeof times) == sizeof times);
    CHECK(times == 2);
    CHECK_FALSE(stop.stop_requested());
  }
  CHECK(handler_of(SIGUSR1) == SIG_DFL);
}

TEST_CASE("an ignored SIGUSR1 stays ignored", "[signals]") {
  const Inherited ignored(SIGUSR1, SIG_IGN);
  StopSource stop;
  const SignalGuard guard(stop);
  CHECK(guard.asked() == -1);
  ::raise(SIGUSR1);
  CHECK(handler_of(SIGUSR1) == SIG_IGN);
}
