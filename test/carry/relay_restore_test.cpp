// The relay into restores, between two sessions with real sshds, and what ms2m asks of them.
#include <sys/mount.h>
#include <sys/resource.h>

#include <fstream>

#include "carry/archive_of.hpp"
#include "carry/restore_lab.hpp"
#include "ms2m/error.hpp"
#include "node/tar/writer.hpp"
#include "wrap/posix/sha256.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;
using Catch::StartsWith;
using S = RestoreState;
namespace fs = std::filesystem;

namespace {

std::string header(const std::string& name, std::uint64_t size) {
  node::TarEntry entry;
  entry.name = name;
  entry.size = size;
  return node::tar_header(entry);
}

std::string member(const std::string& name, const std::string& bytes) {
  return header(name, bytes.size()) + bytes + node::tar_padding(bytes.size());
}

std::string checkpoint() { return member("checkpoint/inventory.img", "i") + member("spec.dump", "{}"); }

struct Restoring : RestoreLab {
  explicit Restoring(Carriage by) : RestoreLab(by) { prepare(); }
  /// A checkpoint with so many bytes of pages, which are zeros.
  MoveRequest sparse(std::uint64_t pages) const {
    MoveRequest made = request(checkpoint() + header("checkpoint/pages-1.img", pages));
    fs::resize_file(archive_of(made), fs::file_size(archive_of(made)) + pages + node::tar_padding(pages).size());
    std::ofstream(archive_of(made), std::ios::binary | std::ios::app) << node::tar_end();
    return made;
  }
  /// No data, and it may come: as it was prepared. A session whose connection has just broken cannot tell yet.
  bool clean() {
    if (fs::exists(directory + "/checkpoint") || fs::exists(directory + "/rootfs-diff.tar")) return false;
    try {
      return status().state == S::prepared;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unavailable) throw;
      return false;
    }
  }
  RestoreStatus status() { return restores.watch("worker-2", id, std::nullopt, {}); }
};

}  // namespace

TEST_CASE("carry: a checkpoint arrives in its restore, unpacked, and its digest lets that begin", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Restoring carriage(way);
  const Landing landing = carriage.carrier.landing("worker-2", carriage.id, Unpack::restore);
  CHECK(landing.directory == std::string(kLayoutRoot) + "/" + carriage.id);
  CHECK(landing.leaves.empty());
  std::string pages(20'000'000, '\0');
  std::ifstream("/dev/urandom", std::ios::binary).read(pages.data(), static_cast<std::streamsize>(pages.size()));
  const std::string bytes =
      checkpoint() + member("checkpoint/pages-1.img", pages) + member("rootfs-diff.tar", "changes") + node::tar_end();
  Bytes last{};
  const auto moved =
      carriage.carrier.move(carriage.request(bytes), [&](const MoveProgress& progress) { last = progress.done; }, {});
  CHECK(moved.bytes == Bytes{bytes.size()});
  CHECK(last == moved.bytes);
  CHECK(moved.sha256 == posix::Sha256::of(bytes));
  CHECK((posix::read_file(carriage.directory + "/checkpoint/pages-1.img") == pages));
  CHECK(posix::read_file(carriage.directory + "/rootfs-diff.tar") == "changes");
  CHECK_FALSE(fs::exists(carriage.directory + "/spec.dump"));
  CHECK_FALSE(fs::exists(carriage.directory + "/blobs"));

  const auto ready = [&](const std::string& sha256) { carriage.restores.ready("worker-2", carriage.id, sha256, {}); };
  CHECK(error_of([&] { ready(posix::Sha256::of("other")); }).kind() == ErrorKind::failed);
  CHECK_FALSE(carriage.status().ready);
  ready(moved.sha256);
  CHECK(carriage.status().ready);
  const auto again = error_of([&] { carriage.carrier.move(carriage.request(bytes), {}, {}); });
  CHECK(again.kind() == ErrorKind::conflict);
  CHECK_THAT(again.what(), StartsWith("target worker-2: restore " + carriage.id + " has its data already"));
}

TEST_CASE("carry: a restore on the same node, in one session", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Restoring carriage(way);
  MoveRequest request = carriage.sparse(10'000'000);
  request.from_node = request.to_node;
  const auto moved = carriage.carrier.move(request, {}, {});
  CHECK_NOTHROW(carriage.restores.ready("worker-2", carriage.id, moved.sha256, {}));
  CHECK(fs::file_size(carriage.directory + "/checkpoint/pages-1.img") == 10'000'000);
}

TEST_CASE("carry: what cannot come into a restore is the target's refusal", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Restoring carriage(way);
  const std::string whole = checkpoint() + node::tar_end();
  for (const auto& [bytes, said] : std::vector<std::pair<std::string, std::string>>{
           {"", "cut off"},
           {std::string(2'000'000, 'x'), "is none"},
           {checkpoint(), "cut off"},
           {member("../record", "x") + whole, "leads elsewhere"},
           {member("checkpoint/inventory.img", "i") + whole, "two members"}}) {
    const auto error = error_of([&, b = bytes] { carriage.carrier.move(carriage.request(b), {}, {}); });
    CHECK(error.kind() == ErrorKind::refused);
    CHECK_THAT(error.what(), StartsWith("target worker-2: the ") && Contains(said));
    CHECK(carriage.clean());
  }
  MoveRequest elsewhere = carriage.request(whole);
  elsewhere.directory += "-none";
  const auto error = error_of([&] { carriage.carrier.move(elsewhere, {}, {}); });
  CHECK(error.kind() == ErrorKind::not_found);
  CHECK_FALSE(fs::exists(elsewhere.directory));
  elsewhere.directory = std::string(kLayoutRoot) + "/No_restore";
  CHECK(error_of([&] { carriage.carrier.move(elsewhere, {}, {}); }).kind() == ErrorKind::usage);
  CHECK(carriage.restores.take_back("worker-2", carriage.id, {}));
  CHECK(error_of([&] { carriage.carrier.move(carriage.request(whole), {}, {}); }).kind() == ErrorKind::conflict);
}

TEST_CASE("carry: a full disk is known before the first byte of a restore", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Restoring carriage(way);
  fs::remove_all(carriage.directory);
  fs::create_directories(carriage.directory);
  REQUIRE(::mount("tmpfs", carriage.directory.c_str(), "tmpfs", 0, "size=1m,mode=700") == 0);
  struct Unmount {
    std::string path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } const unmount{carriage.directory};
  carriage.prepare();
  const auto error = error_of([&] { carriage.carrier.move(carriage.sparse(3'000'000), {}, {}); });
  CHECK_THAT(error.what(), StartsWith("target worker-2: No space left on device: "));
  CHECK(error.remedy() == "free some space on node worker-2");
  CHECK(carriage.clean());
}

TEST_CASE("carry: a restore's archive that grows or shrinks meanwhile is refused", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Restoring carriage(way);
  for (const int change : {-100'000, 100'000}) {
    const auto request = carriage.sparse(100'000'000);
    bool changed = false;
    const auto error = error_of([&] {
      carriage.carrier.move(request,
                            [&](const MoveProgress& progress) {
                              if (!std::exchange(changed, true))
                                fs::resize_file(archive_of(request), progress.total->count + change);
                            },
                            {});
    });
    CHECK_THAT(error.what(), StartsWith("source worker-1: "));
    CHECK(eventually([&] { return carriage.clean(); }));
  }
}

TEST_CASE("carry: a restore's data that is stopped, or whose connection breaks, leaves nothing", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Restoring carriage(way);
  for (const bool stopped : {true, false}) {
    INFO(stopped);
    StopSource source;
    TimePoint asked{};
    const auto act = [&](const MoveProgress& progress) {
      if (progress.done.count < 10'000'000 || asked != TimePoint{}) return;
      asked = Clock::now();
      if (stopped) return source.request_stop();
      for (const int pid : carriage.lab.sshd.sessions()) ::kill(pid, SIGKILL);
    };
    const auto move = [&] { carriage.carrier.move(carriage.sparse(4ull << 30), act, source.token()); };
    if (stopped)
      CHECK_THROWS_AS(move(), Cancelled);
    else
      CHECK(error_of(move).kind() == ErrorKind::unavailable);
    CHECK(seconds_between(asked, Clock::now()) < 15);
    CHECK(eventually([&] { return carriage.clean(); }));
  }
  CHECK_NOTHROW(carriage.carrier.move(carriage.sparse(1), {}, {}));
}

TEST_CASE("carry: memory does not depend on the size of a restore", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Restoring carriage(way);
  const auto peak = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;  // KiB
  };
  const auto program = [&] {
    long most = 0;
    for (const int pid : carriage.lab.programs()) {
      std::ifstream status("/proc/" + std::to_string(pid) + "/status");
      for (std::string word; status >> word;)
        if (long size = 0; word == "VmHWM:" && status >> size) most = std::max(most, size);
    }
    return most;
  };
  carriage.carrier.move(carriage.sparse(20'000'000), {}, {});
  const long before = peak(), there = program();
  fs::remove_all(carriage.directory);
  carriage.prepare();
  carriage.carrier.move(carriage.sparse(400'000'000), {}, {});
  CHECK(peak() - before < 40'000);
  REQUIRE(there > 0);
  CHECK(program() - there < 20'000);
}

TEST_CASE("a restore on a node, as ms2m asks for it", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Restoring carriage(way);
  auto& restores = carriage.restores;
  const std::string id = carriage.id;
  const RestoreStatus before = carriage.status();
  CHECK(before.state == S::prepared);
  CHECK(error_of([&] { restores.watch("worker-2", id, before, StopToken().within(Millis{100})); }).kind() ==
        ErrorKind::timeout);
  RestoreStatus seen;
  std::thread watching(
      [&] { seen = restores.watch("worker-2", id, before, StopToken().within(std::chrono::seconds(60))); });
  restores.bind("worker-2", id, "uid-1", "/var/lib/kubelet", {});
  watching.join();
  CHECK(seen.uid == "uid-1");
  CHECK(restores.list("worker-2", {}).at(id) == seen);
  CHECK(error_of([&] { restores.bind("worker-2", id, "uid-2", "/var/lib/kubelet", {}); }).kind() ==
        ErrorKind::conflict);
  CHECK(error_of([&] { restores.done("worker-2", id, {}); }).kind() == ErrorKind::conflict);
  CHECK(error_of([&] { restores.remove_data("worker-2", id, {}); }).kind() == ErrorKind::conflict);
  CHECK(restores.take_back("worker-2", id, {}));
  CHECK_NOTHROW(restores.remove_data("worker-2", id, {}));
  CHECK_FALSE(restores.take_back("worker-2", id + "-none", {}));
  CHECK(error_of([&] { restores.done("worker-2", id + "-none", {}); }).kind() == ErrorKind::not_found);
  CHECK(restores.watch("worker-2", id + "-none", before, {}).state == S::unknown);
  for (const char* bad : {"", "../x", "X"})
    CHECK(error_of([&] { restores.done("worker-2", bad, {}); }).kind() == ErrorKind::usage);
}
