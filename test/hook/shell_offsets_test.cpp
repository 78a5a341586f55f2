// A command that prints an offset, by a real shell.
#include "hook/shell_offsets.hpp"

#include <cstdlib>

#include "hook/shell_hooks.hpp"
#include "ms2m/error.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"
#include "wrap/posix/files.hpp"

using namespace ms2m;
using Catch::Matchers::Contains;
using Catch::Matchers::Equals;
using Catch::Matchers::StartsWith;
using test::error_of;

namespace {

const OffsetQuestion kQuestion{"default", "consumer-0", "10.1.0.7", "app", "app.events"};

std::int64_t ask(const std::string& command, const StopToken& stop = StopToken().within(Millis{60000})) {
  return hook::make_shell_offsets()->ask(command, kQuestion, stop);
}

}  // namespace

TEST_CASE("an offset command is a line of the operator's shell that prints a number", "[offsets]") {
  CHECK(ask("echo 8123") == 8123);
  CHECK(ask("printf ' -1\\r\\n'") == -1);
  CHECK(ask("echo something else >&2; cat; printf 0") == 0);  // nothing is there to read
  CHECK(ask("sleep 5 & echo 7") == 7);                        // what it leaves behind is not waited for
}

TEST_CASE("an offset command knows whose offset it is asked for, and no secret", "[offsets]") {
  const posix::TempDir dir;
  for (const char* name : {"MS2M_BROKER", "MS2M_TOKEN", "MS2M_OFFSET_COMMAND"}) ::setenv(name, "hush", 1);
  ask("env > " + (dir.path() / "env").string() + "; echo 1");
  for (const char* name : {"MS2M_BROKER", "MS2M_TOKEN", "MS2M_OFFSET_COMMAND"}) ::unsetenv(name);
  const std::string env = posix::read_file((dir.path() / "env").string());
  CHECK_THAT(env, !Contains("hush"));
  for (const char* line : {"MS2M_NAMESPACE=default\n", "MS2M_POD=consumer-0\n", "MS2M_POD_IP=10.1.0.7\n",
                           "MS2M_CONTAINER=app\n", "MS2M_QUEUE=app.events\n", "MS2M_ROLE=source\n"})
    CHECK_THAT(env, Contains(line));
}

TEST_CASE("what an offset command prints otherwise is no offset", "[offsets]") {
  for (const char* command : {"true", "echo", "echo none", "echo 7 8", "echo 0x7", "echo -2", "echo 7.5", "echo +7",
                              "echo 99999999999999999999", "echo 7 >&2", "yes 7 | head -c 1000000"}) {
    INFO(command);
    const Error error = error_of([&] { ask(command); });
    CHECK(error.kind() == ErrorKind::protocol);
    CHECK(error.message().size() < 300);
    CHECK(error.message().find('\n') == std::string::npos);
    CHECK_THAT(error.remedy(), Contains("the last message that the application has applied"));
  }
  CHECK_THAT(error_of([] { ask("printf 'a\\nb'"); }).message(), Equals("what it has printed is no offset: a b"));
  CHECK_THAT(error_of([] { ask("true"); }).message(), Equals("it has printed nothing"));
}

TEST_CASE("an offset command that fails says how", "[offsets]") {
  const Error error = error_of([] { ask("echo 7; echo because >&2; exit 3"); });
  CHECK(error.kind() == ErrorKind::failed);
  CHECK(error.message() == "exit status 3: because");
  CHECK_THAT(error_of([] { ask("kill -9 $$"); }).message(), StartsWith("killed by signal 9"));
}

TEST_CASE("at its limit an offset command is killed with all that it has begun", "[offsets]") {
  const TimePoint begin = Clock::now();
  const Error error = error_of([] { ask("sleep 100 & sleep 100; echo 7", StopToken().within(Millis{200})); });
  CHECK(error.kind() == ErrorKind::timeout);
  CHECK(Clock::now() - begin < std::chrono::seconds(50));
  StopSource source;
  source.request_stop();
  CHECK_THROWS_AS(ask("echo 7", source.token()), Cancelled);
}
