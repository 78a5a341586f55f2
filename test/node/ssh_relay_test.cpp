// SshRelay and SshArchives against a real sshd.
#include "node/ssh_relay.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iostream>
#include <thread>

#include "ms2m/error.hpp"
#include "node/private_sshd.hpp"
#include "node/ssh_archives.hpp"
#include "support/catch.hpp"
#include "wrap/posix/pipeline.hpp"
#include "wrap/posix/sha256.hpp"

using namespace ms2m;
using namespace ms2m::test;
namespace fs = std::filesystem;

namespace {

const std::string kName = "checkpoint-consumer-0_default-consumer-2026-11-21T21:21:02+01:00.tar";

struct Lab {
  PrivateSshd sshd;
  SshShell shell{sshd.options()};
  SshRelay relay{shell};
  posix::TempDir dir;
  std::string root = (dir.path() / "checkpoints").string();
  SshArchives archives{shell};

  Lab() { fs::create_directory(root); }

  std::string content(std::size_t size) {
    std::string bytes(size, '\0');
    std::ifstream("/dev/urandom", std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(size));
    return bytes;
  }
  MoveRequest request(const std::string& bytes) {
    std::ofstream(root + "/" + kName, std::ios::binary) << bytes;
    return {"worker-1", root + "/" + kName, "worker-2", (dir.path() / "layouts" / "m1").string()};
  }
};

Error error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error;
  }
  FAIL("no error");
  throw;
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

/// No file below it, whether or not the directory was made before the move ended.
bool holds_no_file(const std::string& directory) {
  std::error_code none;
  for (const auto& entry : fs::recursive_directory_iterator(directory, none))
    if (!entry.is_directory(none)) return false;
  return true;
}

posix::RunSpec script(const std::string& text) {
  posix::RunSpec spec;
  spec.process.argv = {"sh", "-c", text};
  return spec;
}

}  // namespace

TEST_CASE("pipeline: the first cause is reported") {
  using Cause = posix::PipelineResult::Cause;
  const auto run = [](const std::string& from, const std::string& to) {
    posix::PipelineSpec spec;
    spec.from = script(from);
    spec.to = script(to);
    return posix::run_pipeline(spec, {}, "test");
  };
  const auto good = run("head -c 3000000 /dev/zero", "wc -c");
  CHECK(good.cause == Cause::none);
  CHECK(good.to.out == "3000000\n");
  const auto source = run("echo x; echo gone >&2; exit 4", "cat >/dev/null; exit 5");
  CHECK(source.cause == Cause::from);
  CHECK(source.from.status.code == 4);
  CHECK(source.from.err == "gone\n");
  CHECK(run("kill -9 $$", "cat").from.status.signal == 9);
  const auto target = run("cat /dev/zero", "head -c 100000 >/dev/null; echo full >&2; exit 6");
  CHECK(target.cause == Cause::to);
  CHECK(target.to.status.code == 6);
  CHECK(target.to.err == "full\n");
  CHECK(run("sleep 100", "exit 0").cause == Cause::to);  // it must not end before the stream does
  CHECK(run("echo x", "cat >/dev/null; exit 7").cause == Cause::to);
}

TEST_CASE("pipeline: header and trailer") {
  for (const std::string& body : {std::string(), std::string("data"), std::string(5000000, 'x')}) {
    posix::PipelineSpec spec;
    spec.from = script("printf 'size\\n'; cat");
    spec.from.input = body;
    // The source's stdin must end for cat: its input is all that it gets.
    spec.from.process.argv = {"sh", "-c", "printf 'size\\n'; head -c " + std::to_string(body.size())};
    spec.to = script("cat");
    spec.to.input = "first ";
    spec.on_header = [](std::string_view line) { return "<" + std::string(line) + ">"; };
    spec.on_end = [] { return "."; };
    const auto result = posix::run_pipeline(spec, {}, "test");
    CHECK(result.cause == posix::PipelineResult::Cause::none);
    CHECK(result.to.out == "first <size>" + body + ".");
  }
}

TEST_CASE("relay: an archive arrives with its digest, private") {
  Lab lab;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{20000000}}) {
    const auto bytes = lab.content(size);
    const auto request = lab.request(bytes);
    Bytes last{};
    int reports = 0;
    const auto start = Clock::now();
    const auto moved = lab.relay.move(request,
                                      [&](Bytes done, std::optional<Bytes> total) {
                                        CHECK(done >= last);
                                        CHECK(total == Bytes{size});
                                        last = done;
                                        ++reports;
                                      },
                                      {});
    std::cout << size << " bytes moved in " << seconds_between(start, Clock::now()) << " s\n";
    CHECK(moved.bytes == Bytes{size});
    CHECK(last == Bytes{size});
    CHECK(reports > 0);
    CHECK(moved.sha256 == posix::Sha256::of(bytes));
    const std::string blob = request.directory + "/blobs/sha256/" + moved.sha256;
    CHECK(posix::read_file(blob) == bytes);
    CHECK(mode_of(blob) == 0600);
    CHECK(mode_of(request.directory) == 0700);
    CHECK(mode_of(request.directory + "/blobs") == 0700);
    CHECK_FALSE(fs::exists(request.directory + "/blobs/sha256/.partial"));
  }
}

TEST_CASE("relay: what fails, fails with its side") {
  Lab lab;
  auto request = lab.request("x");
  request.archive = lab.root + "/checkpoint-none_default-consumer-2026-11-21T21:21:02Z.tar";
  CHECK(std::string(error_of([&] { lab.relay.move(request, {}, {}); }).what()) ==
        "source worker-1: " + request.archive + ": no such file");

  // Nobody on the node reads what is no archive, whoever names it.
  std::ofstream(lab.dir.path() / "secret") << "x";
  fs::create_symlink(lab.dir.path() / "secret",
                     lab.root + "/checkpoint-link_default-consumer-2026-11-21T21:21:02Z.tar");
  request.archive = lab.root + "/checkpoint-link_default-consumer-2026-11-21T21:21:02Z.tar";
  CHECK(std::string(error_of([&] { lab.relay.move(request, {}, {}); }).what()).ends_with(": no such file"));
  for (const std::string& bad : {(lab.dir.path() / "secret").string(), lab.root + "/../secret",
                                 lab.root + "/../checkpoints/" + kName, "checkpoints/" + kName, lab.root + "/secret"}) {
    request.archive = bad;
    CHECK(error_of([&] { lab.relay.move(request, {}, {}); }).kind() == ErrorKind::refused);
  }

  request = lab.request("x");
  request.directory = "/proc/ms2m/m1";
  const auto target = error_of([&] { lab.relay.move(request, {}, {}); });
  CHECK(std::string(target.what()).starts_with("target worker-2: mkdir: "));

  request = lab.request("x");
  request.to_node = "no-access";
  const auto access = error_of([&] { lab.relay.move(request, {}, {}); });
  CHECK(access.kind() == ErrorKind::forbidden);
  request.to_node = "worker-2";
  request.from_node = "unknown-key";
  CHECK(error_of([&] { lab.relay.move(request, {}, {}); }).kind() == ErrorKind::forbidden);
}

TEST_CASE("relay: a full disk is known before the first byte, and while it fills") {
  Lab lab;
  const std::string small = (lab.dir.path() / "layouts").string();
  fs::create_directory(small);
  REQUIRE(::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=1m") == 0);
  struct Unmount {
    std::string path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } const unmount{small};
  const auto request = lab.request(lab.content(3000000));
  const auto before = error_of([&] { lab.relay.move(request, {}, {}); });
  CHECK(std::string(before.what()).find("target worker-2: No space left on device: ") == 0);
  CHECK(before.remedy() == "free some space on node worker-2");

  // A stat that promises more than there is: the write itself fails.
  const posix::TempDir fake;
  std::ofstream(fake.path() / "stat")
      << "#!/bin/sh\n[ \"$1\" != -f ] || { echo '999999999*4096'; exit; }\nexec /usr/bin/stat \"$@\"\n";
  ::chmod((fake.path() / "stat").c_str(), 0755);
  PrivateSshd sshd({"PATH=" + fake.path().string() + ":/usr/sbin:/usr/bin:/sbin:/bin"});
  SshShell shell(sshd.options());
  SshRelay relay(shell);
  const auto during = error_of([&] { relay.move(request, {}, {}); });
  CHECK(std::string(during.what()).find("No space left on device") != std::string::npos);
  CHECK(std::string(during.what()).starts_with("target worker-2: "));
  CHECK_FALSE(fs::exists(request.directory + "/blobs/sha256/.partial"));
}

TEST_CASE("relay: an archive that is cut off or grows is refused") {
  Lab lab;
  // A FIFO is no archive at all; sparse files stand for those that change: stat lies about them.
  const posix::TempDir fake;
  const auto request = lab.request(lab.content(100000));
  for (const char* size : {"100001", "99999"}) {
    std::ofstream(fake.path() / "stat") << "#!/bin/sh\n[ \"$1\" != -Lc ] || { echo " << size
                                        << "; exit; }\nexec /usr/bin/stat \"$@\"\n";
    ::chmod((fake.path() / "stat").c_str(), 0755);
    PrivateSshd sshd({"PATH=" + fake.path().string() + ":/usr/sbin:/usr/bin:/sbin:/bin"});
    SshShell shell(sshd.options());
    SshRelay relay(shell);
    const std::string said = error_of([&] { relay.move(request, {}, {}); }).what();
    CHECK(said.starts_with("source worker-1: "));
    CHECK((said.find("grew while it was read") != std::string::npos ||
           said.find("gave only 100000 of 100001 bytes") != std::string::npos));
    CHECK(eventually([&] { return processes_with(request.directory).empty() && holds_no_file(request.directory); }));
  }
}

TEST_CASE("relay: a stop is heeded within 100 ms, and nothing goes on on the nodes") {
  Lab lab;
  auto request = lab.request("");
  fs::resize_file(request.archive, 4ull << 30);  // sparse: takes seconds to move
  StopSource source;
  TimePoint asked{};
  CHECK_THROWS_AS(lab.relay.move(
                      request,
                      [&](Bytes done, std::optional<Bytes>) {
                        if (done.count > 10000000 && asked == TimePoint{}) {
                          asked = Clock::now();
                          source.request_stop();
                        }
                      },
                      source.token()),
                  Cancelled);
  const auto took = seconds_between(asked, Clock::now());
  std::cout << "cancelled after " << took << " s\n";
  CHECK(took < 0.1);
  CHECK(
      eventually([&] { return processes_with(request.archive).empty() && processes_with(request.directory).empty(); }));
  CHECK(eventually([&] { return holds_no_file(request.directory); }));
  CHECK(lab.shell.run("worker-1", {"echo", "still"}, "", {}).out == "still\n");
}

TEST_CASE("relay: a connection that breaks is the cause") {
  Lab lab;
  auto request = lab.request("");
  fs::resize_file(request.archive, 4ull << 30);
  bool cut = false;
  const auto error = error_of([&] {
    lab.relay.move(request,
                   [&](Bytes done, std::optional<Bytes>) {
                     if (done.count < 10000000 || cut) return;
                     cut = true;
                     for (const int pid : lab.sshd.sessions()) ::kill(pid, SIGKILL);
                   },
                   {});
  });
  CHECK(error.kind() == ErrorKind::unavailable);
  CHECK(eventually([&] { return processes_with(request.directory).empty(); }));
}

// By hand: ssh_relay_test '[speed]' with MS2M_SPEED_MB; compares with a plain pipe of two ssh clients.
TEST_CASE("relay: throughput", "[.speed]") {
  Lab lab;
  const char* wanted = ::getenv("MS2M_SPEED_MB");
  const double megabytes = wanted != nullptr ? std::stod(wanted) : 512;
  const auto request = lab.request(lab.content(static_cast<std::size_t>(megabytes * 1e6)));
  lab.shell.open("worker-1", {});
  lab.shell.open("worker-2", {});
  const std::string ssh = "ssh -F " + lab.sshd.options().config + " ";
  const std::string plain =
      ssh + "worker-1 cat " + request.archive + " | " + ssh + "worker-2 'cat >" + lab.dir.path().string() + "/plain'";
  const auto timed = [](const std::function<void()>& act) {
    const auto start = Clock::now();
    act();
    return seconds_between(start, Clock::now());
  };
  for (int round = 0; round < 3; ++round) {
    const double connect = timed([&] {
      posix::run_process({"sh", "-c", ssh + "worker-1 true | " + ssh + "worker-2 true"}, {}, "test");
    });
    const double raw = timed([&] { REQUIRE(posix::run_process({"sh", "-c", plain}, {}, "test").ok()); }) - connect;
    const double ours = timed([&] { lab.relay.move(request, {}, {}); });
    std::cout << "plain pipe " << raw << " s (and " << connect << " s to connect), relay " << ours
              << " s = " << megabytes / ours << " MB/s, ratio " << raw / ours << "\n";
    fs::remove_all(request.directory);
  }
}

TEST_CASE("archives: list, wait, remove") {
  Lab lab;
  CHECK(lab.archives.list("worker-1", "/no/such/root", "default", "consumer-0", "consumer", {}).empty());
  const std::string first = "checkpoint-consumer-0_default-consumer-2026-11-21T21:21:02Z.tar";
  const auto make = [&](const std::string& name, std::size_t size, int age) {
    std::ofstream(lab.root + "/" + name) << std::string(size, 'x');
    fs::last_write_time(lab.root + "/" + name, fs::file_time_type::clock::now() - std::chrono::seconds(age));
  };
  make(kName, 7, 10);
  make(first, 5, 20);
  make("checkpoint-consumer-0_default-consumer-b-2026-11-21T21:21:02Z.tar", 1, 5);
  make("checkpoint-consumer-0_other-consumer-2026-11-21T21:21:02Z.tar", 1, 5);
  make("checkpoint-consumer-0_default-consumer-x.tar", 1, 5);
  const auto files = lab.archives.list("worker-1", lab.root, "default", "consumer-0", "consumer", {});
  REQUIRE(files.size() == 2);
  CHECK(files[0].path == lab.root + "/" + first);
  CHECK(files[0].bytes == Bytes{5});
  CHECK(files[1].path == lab.root + "/" + kName);
  CHECK(files[1].bytes == Bytes{7});

  CHECK(lab.archives.remove("worker-1", files[0].path, {}));
  CHECK_FALSE(lab.archives.remove("worker-1", files[0].path, {}));
  for (const std::string& bad :
       {std::string("/etc/passwd"), lab.root + "/../x.tar", lab.root + "/sub/checkpoint-x.tar", lab.root})
    CHECK(error_of([&] { lab.archives.remove("worker-1", bad, {}); }).kind() == ErrorKind::refused);
  CHECK(error_of([&] { lab.archives.wait_complete("worker-1", files[0].path, {}); }).kind() == ErrorKind::not_found);
}

TEST_CASE("archives: a dump that is still being written is waited for") {
  Lab lab;
  const std::string path = lab.root + "/" + kName;
  // Open for writing, but not growing for longer than the looks are apart.
  posix::UniqueFd writer(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  CHECK(error_of([&] { lab.archives.wait_complete("worker-1", path, StopToken{}.within(Millis{1500})); }).kind() ==
        ErrorKind::timeout);
  std::atomic<bool> closed{false};
  std::thread closer([&] {
    REQUIRE(::write(writer.get(), "x", 1) == 1);
    closed = true;
    writer.reset();
  });
  lab.archives.wait_complete("worker-1", path, {});
  CHECK(closed);
  closer.join();
  // Somebody who reads it does not count.
  const posix::UniqueFd reader(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  lab.archives.wait_complete("worker-1", path, StopToken{}.within(std::chrono::seconds(10)));
}
