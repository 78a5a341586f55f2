#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <fstream>
#include <functional>
#include <thread>

#include "ms2m/error.hpp"
#include "support/catch.hpp"
#include "wrap/posix/files.hpp"
#include "wrap/posix/sha256.hpp"
#include "wrap/posix/stream.hpp"
#include "wrap/posix/subprocess.hpp"

using namespace ms2m;
using namespace ms2m::posix;
namespace fs = std::filesystem;

namespace {

RunSpec shell(const std::string& script) {
  RunSpec spec;
  spec.process.argv = {"sh", "-c", script};
  return spec;
}

std::string error_of(const std::function<void()>& act, ErrorKind kind) {
  try {
    act();
  } catch (const Error& error) {
    CHECK(error.kind() == kind);
    return error.what();
  }
  FAIL("no error");
  return {};
}

int open_descriptors() {
  int count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

}  // namespace

TEST_CASE("run_process: input, output, exit status") {
  auto spec = shell("cat; echo problem >&2; exit 3");
  spec.input = std::string(300000, 'x') + '\0' + "end";
  const auto result = run_process(spec, {}, "test");
  CHECK(result.status == ExitStatus{3, 0});
  CHECK_FALSE(result.ok());
  CHECK(result.out == spec.input);
  CHECK(last_line(result.err) == "problem");
}

TEST_CASE("run_process: death by a signal is not an exit code") {
  const auto result = run_process(shell("kill -9 $$"), {}, "test");
  CHECK(result.status == ExitStatus{0, 9});
  CHECK_FALSE(result.ok());
  CHECK(result.status.text() == "killed by signal 9");
}

TEST_CASE("run_process: arguments are not interpreted, the environment is extended") {
  RunSpec spec;
  spec.process.argv = {"sh", "-c", "printf %s \"$1$MS2M_X$HOME\"", "sh", "$HOME; `id` 'q' *"};
  spec.process.env = {{"MS2M_X", "|"}, {"HOME", "here"}};
  CHECK(run_process(spec, {}, "test").out == "$HOME; `id` 'q' *|here");
}

TEST_CASE("run_process: a child that does not read its input is not an error") {
  auto spec = shell("exec <&-; exit 0");
  spec.input = std::string(1 << 20, 'x');
  CHECK(run_process(spec, {}, "test").ok());
}

TEST_CASE("run_process: a grandchild that keeps the pipes open is not waited for") {
  const auto start = Clock::now();
  const auto result = run_process(shell("sleep 60 & echo $!"), {}, "test");
  CHECK(seconds_between(start, Clock::now()) < 30);
  ::kill(std::stoi(result.out), SIGKILL);
}

TEST_CASE("run_process: limits of the output") {
  auto spec = shell("head -c 100000 /dev/zero; i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done");
  const auto result = run_process(spec, {}, "test");
  CHECK(result.out.size() == 100000);
  CHECK(result.err.size() == 8192);
  CHECK(last_line(result.err) == "line 2999");
  spec.out_limit = 99999;
  CHECK(error_of([&] { run_process(spec, {}, "test"); }, ErrorKind::failed).find("99999") != std::string::npos);
}

TEST_CASE("run_process: errors of the start") {
  RunSpec spec;
  spec.process.argv = {"ms2m-no-such-program"};
  error_of([&] { run_process(spec, {}, "test"); }, ErrorKind::not_found);
  spec.process.argv = {"/etc/passwd"};
  error_of([&] { run_process(spec, {}, "test"); }, ErrorKind::failed);
}

TEST_CASE("run_process: a stop ends the whole group at once") {
  const TempDir dir;
  const std::string mark = (dir.path() / "pid").string();
  StopSource source;
  std::thread stopper([&] {
    while (!fs::exists(mark)) std::this_thread::yield();
    source.request_stop();
  });
  // The shell ignores TERM, so KILL after the grace time must do it; the group's other member must go as well.
  auto spec =
      shell("trap '' TERM; sleep 1000 & echo $! >" + mark + ".tmp; mv " + mark + ".tmp " + mark + "; wait; sleep 1000");
  const auto start = Clock::now();
  CHECK_THROWS_AS(run_process(spec, source.token(), "test"), Cancelled);
  stopper.join();
  CHECK(seconds_between(start, Clock::now()) < 30);
  pid_t child = 0;
  std::ifstream(mark) >> child;
  for (int i = 0; i < 30000 && ::kill(child, 0) == 0; ++i) {
    std::string state;
    std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
    std::getline(stat, state);
    if (state.find(") Z") != std::string::npos) break;  // killed, and nobody reaps orphans in this container
    std::this_thread::sleep_for(Millis{1});
    REQUIRE(i < 29999);
  }
}

TEST_CASE("run_process: a deadline is a timeout") {
  const auto start = Clock::now();
  const auto text = error_of([&] { run_process(shell("sleep 1000"), StopToken{}.within(Millis{60}), "waiting for x"); },
                             ErrorKind::timeout);
  CHECK(text == "timed out waiting for x");
  CHECK(seconds_between(start, Clock::now()) < 30);
}

TEST_CASE("run_process: many at once from several threads, nothing leaks") {
  const int before = open_descriptors();
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) {
        auto spec = shell("cat");
        spec.input = std::to_string(i);
        good += run_process(spec, {}, "test").out == spec.input ? 1 : 0;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(good == 100);
  CHECK(open_descriptors() == before);
}

TEST_CASE("a child inherits none of our descriptors") {
  const Pipe pipe = make_pipe();
  const auto script = "test ! -e /proc/self/fd/" + std::to_string(pipe.read.get()) + " && test ! -e /proc/self/fd/" +
                      std::to_string(pipe.write.get());
  CHECK(run_process(shell(script), {}, "test").ok());
}

TEST_CASE("Sha256") {
  CHECK(Sha256::of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(Sha256::of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("private directories are made while somebody removes those above that are empty") {
  const TempDir dir;
  const fs::path root = dir.path() / "root";
  constexpr int kRemovals = 20;  // for each directory: who removes without an end always wins on some file systems
  std::atomic<int> left{kRemovals};
  std::atomic<bool> over{false};
  std::thread other([&] {
    while (!over)
      if (left > 0 && ::rmdir(root.c_str()) == 0) --left;
  });
  for (int i = 0; i < 300; ++i) {
    left = kRemovals;
    const fs::path own = root / std::to_string(i);
    CHECK_NOTHROW(make_private_directories(own));
    CHECK(fs::is_directory(own));
    ::rmdir(own.c_str());
  }
  over = true;
  other.join();
}

TEST_CASE("private files and directories") {
  fs::path gone;
  {
    const TempDir dir;
    gone = dir.path();
    struct stat info {};
    REQUIRE(::stat(dir.path().c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0700);

    make_private_directories(dir.path() / "a" / "b");
    make_private_directories(dir.path() / "a" / "b");
    REQUIRE(::stat((dir.path() / "a" / "b").c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0700);

    const auto file = dir.path() / "journal";
    AppendFile(file).append("one\n");
    AppendFile(file).append("two\n");
    CHECK(read_file(file) == "one\ntwo\n");
    REQUIRE(::stat(file.c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0600);

    write_file_atomically(file, "three");
    CHECK(read_file(file) == "three");
    error_of([&] { read_file(dir.path() / "none"); }, ErrorKind::not_found);
    error_of([&] { AppendFile(dir.path() / "none" / "x"); }, ErrorKind::failed);
    error_of([&] { AppendFile(dir.path() / "none", AppendFile::Missing::fail); }, ErrorKind::not_found);
    CHECK_FALSE(fs::exists(dir.path() / "none"));

    AppendFile writer(file);
    CHECK(writer.try_lock());
    CHECK_FALSE(AppendFile(file).try_lock());
    writer.truncate(2);
    writer.append("us");
    CHECK(read_file(file) == "thus");
  }
  CHECK_FALSE(fs::exists(gone));
}

TEST_CASE("write_some: a head and what is behind it, in whatever pieces the pipe takes") {
  const Pipe pipe = make_pipe();
  set_nonblocking(pipe.write.get());
  UniqueFd read(::fcntl(pipe.read.get(), F_DUPFD_CLOEXEC, 0));
  set_nonblocking(read.get());
  std::string data(300000, '\0');
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i % 251);
  std::string got;
  std::size_t sent = 0;
  for (int rounds = 0; sent < data.size() + 4; ++rounds) {
    REQUIRE(rounds < 100);
    REQUIRE(write_some(pipe.write, "head", data, sent));
    std::array<char, 70001> chunk;
    got.append(chunk.data(), read_some(read, chunk));
  }
  read_into(read, got, data.size() + 5);
  CHECK((got == "head" + data));
  CHECK(read);
  sent = 2;
  CHECK(write_some(pipe.write, "head", "", sent));
  read_into(read, got, got.size() + 9);
  CHECK(got.ends_with("ad"));
  CHECK_FALSE(got.ends_with("head"));
}
