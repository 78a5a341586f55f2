// What every carrier promises, between two sessions with real sshds.
#include "carry/direct.hpp"

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <iostream>
#include <thread>

#include "carry/archive_of.hpp"
#include "carry/restore_lab.hpp"
#include "ms2m/error.hpp"
#include "node/session/session_lab.hpp"
#include "wrap/posix/sha256.hpp"
#include "wrap/posix/subprocess.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;
using Catch::StartsWith;
namespace fs = std::filesystem;

namespace {

struct Carried {
  explicit Carried(Carriage by) : way(by) {}
  Carriage way;
  SessionLab lab;
  SshNodes nodes{lab.settings()};
  Carriers carriers{nodes, way};
  Carrier& carrier = carriers.all;
  /// Layouts lie where the program has them, on every node.
  Landing landing = carrier.landing("worker-2", "test-" + std::to_string(::getpid()));
  std::string directory = landing.directory;

  ~Carried() {
    std::error_code ignored;
    fs::remove_all(directory, ignored);
    fs::remove(kLayoutRoot, ignored);
  }
  MoveRequest request(const std::string& bytes) const {
    const std::string path = lab.checkpoints + "/" + kArchiveName;
    std::ofstream(path, std::ios::binary) << bytes;
    MoveRequest made{"worker-1", KubeletArchive{path}, "worker-2", directory};
    made.carriage = way;
    return made;
  }
  MoveRequest sparse(std::uintmax_t size) const {
    MoveRequest made = request("");
    fs::resize_file(archive_of(made), size);
    return made;
  }
  /// No file below it, whether or not the directory was made before the move ended.
  bool holds_no_file() const {
    std::error_code none;
    for (const auto& entry : fs::recursive_directory_iterator(directory, none))
      if (!entry.is_directory(none)) return false;
    return true;
  }
};

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  std::ifstream("/dev/urandom", std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(size));
  return bytes;
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

}  // namespace

TEST_CASE("carry: no more than the bandwidth that it may take, and evenly", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Carried carriage(way);
  auto request = carriage.sparse(3'000'000);
  request.per_second = Bytes{2'000'000};
  const TimePoint begin = Clock::now();
  double farthest = 0;  // ahead of the limit, in seconds
  carriage.carrier.move(request,
                        [&](const MoveProgress& progress) {
                          farthest = std::max(farthest, static_cast<double>(progress.done.count) / 2e6 -
                                                            seconds_between(begin, Clock::now()));
                        },
                        {});
  CHECK(seconds_between(begin, Clock::now()) >= 1.5);
  CHECK(farthest < 0.01);
}

TEST_CASE("carry: what waits for its turn ends with the move", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Carried carriage(way);
  auto request = carriage.sparse(3'000'000);
  request.per_second = Bytes{1000};
  StopSource source;
  TimePoint asked{};
  std::thread later([&] {
    std::this_thread::sleep_for(Millis{300});
    asked = Clock::now();
    source.request_stop();
  });
  CHECK_THROWS_AS(carriage.carrier.move(request, {}, source.token()), Cancelled);
  later.join();
  CHECK(seconds_between(asked, Clock::now()) < 15);
  CHECK(eventually([&] { return carriage.holds_no_file(); }));
}

TEST_CASE("carry: through ms2m, another bandwidth holds while it goes", "[carry]") {
  Carried carriage(Carriage::relay);
  auto request = carriage.sparse(3'000'000);
  request.per_second = Bytes{1000};  // 50 minutes
  std::atomic<bool> free{false};
  request.per_second_now = [&]() -> std::optional<Bytes> { return free ? std::nullopt : std::optional(Bytes{1000}); };
  const MoveResult moved = carriage.carrier.move(
      request, [&](const MoveProgress&) { free = true; }, StopToken().within(std::chrono::seconds(60)));
  CHECK(moved.bytes.count >= 3'000'000);
}

TEST_CASE("carry: what it leaves is what it said before", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Carried carriage(way);
  REQUIRE(carriage.landing.leaves.size() == 1);
  CHECK(carriage.landing.leaves.front().node == "worker-2");
  const fs::path said = carriage.landing.leaves.front().directory;
  CHECK(said.parent_path() == kLayoutRoot);
  CHECK_FALSE(fs::exists(said));
  carriage.carrier.move(carriage.request("archive"), {}, {});
  std::vector<fs::path> made;  // others may be at work below the same root
  for (const auto& entry : fs::directory_iterator(kLayoutRoot))
    if (entry.path().string().find("test-" + std::to_string(::getpid())) != std::string::npos)
      made.push_back(entry.path());
  CHECK(made == std::vector{said});
}

TEST_CASE("carry: an archive arrives with its digest, private", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Carried carriage(way);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{20000000}}) {
    const auto bytes = random_bytes(size);
    const auto request = carriage.request(bytes);
    Bytes last{};
    int reports = 0;
    const auto moved = carriage.carrier.move(request,
                                             [&](const MoveProgress& progress) {
                                               CHECK(progress.done >= last);
                                               CHECK(progress.total == Bytes{size});
                                               last = progress.done;
                                               ++reports;
                                             },
                                             {});
    CHECK(moved.bytes == Bytes{size});
    CHECK(last == Bytes{size});
    CHECK(reports > 0);
    CHECK(moved.sha256 == posix::Sha256::of(bytes));
    const std::string blob = request.directory + "/blobs/sha256/" + moved.sha256;
    CHECK(posix::read_file(blob) == bytes);
    CHECK(mode_of(blob) == 0600);
    CHECK(mode_of(request.directory) == 0700);
    CHECK(mode_of(request.directory + "/blobs") == 0700);
  }
  // On one node, in one session.
  auto request = carriage.request("the same");
  request.to_node = request.from_node;
  CHECK(carriage.carrier.move(request, {}, {}).bytes == Bytes{8});
}

TEST_CASE("carry: what fails, fails with its side", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Carried carriage(way);
  auto request = carriage.request("x");
  archive_of(request) = carriage.lab.checkpoints + "/checkpoint-none_default-consumer-2026-11-21T21:21:02Z.tar";
  CHECK(std::string(error_of([&] { carriage.carrier.move(request, {}, {}); }).what()) ==
        "source worker-1: " + archive_of(request) + ": no such file");
  // Nobody on the node reads what is no archive, whoever names it.
  const std::string secret = (carriage.lab.dir.path() / "secret").string();
  std::ofstream(secret) << "x";
  archive_of(request) = carriage.lab.checkpoints + "/checkpoint-link_default-consumer-2026-11-21T21:21:02Z.tar";
  fs::create_symlink(secret, archive_of(request));
  CHECK_THAT(error_of([&] { carriage.carrier.move(request, {}, {}); }).what(), StartsWith("source worker-1: "));
  for (const std::string& bad : {secret, carriage.lab.checkpoints + "/../checkpoints/" + kArchiveName,
                                 "checkpoints/" + kArchiveName, carriage.lab.checkpoints + "/secret"}) {
    archive_of(request) = bad;
    CHECK(error_of([&] { carriage.carrier.move(request, {}, {}); }).kind() == ErrorKind::refused);
  }
  request = carriage.request("x");
  request.directory = "/etc/ms2m";
  CHECK(error_of([&] { carriage.carrier.move(request, {}, {}); }).kind() == ErrorKind::refused);
  request = carriage.request("x");
  request.to_node = "no-access";
  const auto access = error_of([&] { carriage.carrier.move(request, {}, {}); });
  CHECK(access.kind() == ErrorKind::forbidden);
  CHECK_THAT(access.what(), StartsWith("target: cannot reach node no-access"));
  CHECK(carriage.holds_no_file());
}

TEST_CASE("carry: a full disk is known before the first byte", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Carried carriage(way);
  fs::create_directories(carriage.directory);
  REQUIRE(::mount("tmpfs", carriage.directory.c_str(), "tmpfs", 0, "size=1m,mode=700") == 0);
  struct Unmount {
    std::string path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } const unmount{carriage.directory};
  const auto error = error_of([&] { carriage.carrier.move(carriage.sparse(3000000), {}, {}); });
  CHECK_THAT(error.what(), StartsWith("target worker-2: No space left on device: "));
  CHECK(error.remedy() == "free some space on node worker-2");
  CHECK(carriage.holds_no_file());
}

TEST_CASE("carry: an archive that grows or shrinks meanwhile is refused", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  for (const int change : {-1000, 1000}) {
    Carried carriage(way);
    constexpr int kSize = 100000000;
    const auto request = carriage.sparse(kSize);
    bool changed = false;
    const auto error = error_of([&] {
      carriage.carrier.move(request,
                            [&](const MoveProgress&) {
                              if (!changed)
                                fs::resize_file(archive_of(request), static_cast<std::uintmax_t>(kSize + change));
                              changed = true;
                            },
                            {});
    });
    CHECK_THAT(error.what(), StartsWith("source worker-1: "));
    CHECK(eventually([&] { return carriage.holds_no_file(); }));
  }
}

TEST_CASE("carry: a stop is heeded at once, and nothing goes on on the nodes", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Carried carriage(way);
  const auto request = carriage.sparse(4ull << 30);  // takes seconds to move
  StopSource source;
  TimePoint asked{};
  CHECK_THROWS_AS(carriage.carrier.move(
                      request,
                      [&](const MoveProgress& progress) {
                        if (progress.done.count > 10000000 && asked == TimePoint{}) {
                          asked = Clock::now();
                          source.request_stop();
                        }
                      },
                      source.token()),
                  Cancelled);
  CHECK(seconds_between(asked, Clock::now()) < 15);
  CHECK(eventually([&] { return carriage.holds_no_file(); }));
  CHECK(carriage.carrier.move(carriage.request("again"), {}, {}).bytes == Bytes{5});
}

TEST_CASE("carry: a connection that breaks is the cause, and leaves nothing", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Carried carriage(way);
  bool cut = false;
  const auto error = error_of([&] {
    carriage.carrier.move(carriage.sparse(4ull << 30),
                          [&](const MoveProgress& progress) {
                            if (progress.done.count < 10000000 || cut) return;
                            cut = true;
                            for (const int pid : carriage.lab.sshd.sessions()) ::kill(pid, SIGKILL);
                          },
                          {});
  });
  CHECK(error.kind() == ErrorKind::unavailable);
  CHECK(eventually([&] { return carriage.holds_no_file(); }));
}

TEST_CASE("carry: memory does not depend on the archive's size", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Carried carriage(way);
  carriage.carrier.move(carriage.sparse(20000000), {}, {});
  const auto peak = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;  // KiB
  };
  const long before = peak();
  fs::remove_all(carriage.directory);
  carriage.carrier.move(carriage.sparse(400000000), {}, {});
  CHECK(peak() - before < 40000);
}

// By hand: relay_test '[.speed]' with MS2M_SPEED_MB; compares with a plain pipe of two ssh clients.
TEST_CASE("carry: throughput", "[.speed]") {
  const Carriage way = GENERATE(from_range(ways()));
  Carried carriage(way);
  const char* wanted = ::getenv("MS2M_SPEED_MB");
  const double megabytes = wanted != nullptr ? std::stod(wanted) : 512;
  const auto request = carriage.request(random_bytes(static_cast<std::size_t>(megabytes * 1e6)));
  carriage.nodes.open("worker-1", {});
  carriage.nodes.open("worker-2", {});
  const std::string ssh = "ssh -F " + carriage.lab.sshd.options().config + " ";
  const std::string plain = ssh + "worker-1 cat " + archive_of(request) + " | " + ssh + "worker-2 'cat >" +
                            carriage.lab.dir.path().string() + "/plain'";
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
    const double ours = timed([&] { carriage.carrier.move(request, {}, {}); });
    std::cout << "plain pipe " << raw << " s (and " << connect << " s to connect), relay " << ours
              << " s = " << megabytes / ours << " MB/s, ratio " << raw / ours << "\n";
    fs::remove_all(request.directory);
  }
}
