// The relay's rounds of pre-copy, between two sessions with real sshds.
#include <algorithm>
#include <random>

#include "carry/restore_lab.hpp"
#include "ms2m/error.hpp"
#include "node/criu/memory_files.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

struct Rounds : RestoreLab {
  Pages memory;
  Compression compress = Compression::none;

  explicit Rounds(Carriage by) : RestoreLab(by) {
    prepare();
    for (std::uint64_t i = 0; i < 3000; ++i) memory[0x10000000 + i * kPageSize] = page("at first " + std::to_string(i));
  }
  void change(const std::string& to, int pages) {
    std::mt19937 random(static_cast<unsigned>(pages));
    for (int i = 0; i < pages; ++i) memory[0x10000000 + random() % 3100 * kPageSize] = page(to + std::to_string(i));
  }
  MoveResult carry(Round round, const std::string& more = "") {
    Files files{{"checkpoint/inventory.img", "i"}, {"rootfs-diff.tar", "changes"}};
    put_memory(files, "1", 1, memory);
    files["checkpoint/pagemap-1.img"] += more;
    MoveRequest made = request(archive_of_files(files));
    made.round = round;
    made.compress = compress;
    return carrier.move(made, {}, {});
  }
  /// As CRIU follows them from an image directory to its parents.
  static Pages read(const fs::path& images) {
    Files files;
    for (const auto& each : fs::directory_iterator(images))
      if (each.is_regular_file())
        files["checkpoint/" + each.path().filename().string()] = posix::read_file(each.path());
    const fs::path parent = images / "parent";
    const bool has = fs::is_symlink(parent);
    if (has) CHECK(fs::read_symlink(parent).is_relative());
    return pages_of(files, "1", has ? read(fs::canonical(parent)) : Pages{});
  }
};

}  // namespace

TEST_CASE("carry: memory that is carried in rounds is the source's at last", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Rounds carriage(way);
  carriage.compress = GENERATE(Compression::none, Compression::zstd);
  const MoveResult first = carriage.carry(Round::early);
  CHECK(first.pages == 3000);
  CHECK(first.differing == 3000);
  CHECK_FALSE(fs::exists(carriage.directory + "/checkpoint"));
  carriage.change("second ", 500);
  const MoveResult second = carriage.carry(Round::early);
  CHECK(second.differing > 300);
  CHECK(second.differing <= 500);
  CHECK(second.bytes.count < first.bytes.count / 5);
  CHECK(error_of([&] { carriage.restores.ready("worker-2", carriage.id, second.sha256, {}); }).kind() ==
        ErrorKind::failed);
  carriage.change("third ", 20);
  const MoveResult last = carriage.carry(Round::last);
  CHECK(last.differing > 0);
  CHECK(last.differing <= 20);
  CHECK((Rounds::read(carriage.directory + "/checkpoint") == carriage.memory));
  CHECK(posix::read_file(carriage.directory + "/rootfs-diff.tar") == "changes");
  CHECK_NOTHROW(carriage.restores.ready("worker-2", carriage.id, last.sha256, {}));
  CHECK(carriage.restores.take_back("worker-2", carriage.id, {}));
  CHECK(carriage.restores.remove_data("worker-2", carriage.id, {}));
  CHECK_FALSE(fs::exists(carriage.directory + "/rounds"));
}

TEST_CASE("carry: a checkpoint that is not understood is carried whole, whatever was carried before", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Rounds carriage(way);
  const MoveResult vain = carriage.carry(Round::early, "?");
  CHECK(vain.pages == 0);
  CHECK(vain.bytes.count < 10'000);
  CHECK_FALSE(fs::exists(carriage.directory + "/rounds/1"));
  CHECK(carriage.carry(Round::early).differing == 3000);
  const MoveResult last = carriage.carry(Round::last, "?");
  CHECK(last.pages == 0);
  CHECK_FALSE(fs::exists(carriage.directory + "/checkpoint/parent"));
  CHECK_NOTHROW(carriage.restores.ready("worker-2", carriage.id, last.sha256, {}));
}

TEST_CASE("carry: what follows two sessions that were lost between two rounds is whole", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Rounds carriage(way);
  carriage.carry(Round::early);
  const auto before = carriage.lab.sshd.sessions();
  for (const int pid : before) ::kill(pid, SIGKILL);
  CHECK(eventually([&] {
    try {
      for (const char* node : {"worker-1", "worker-2"}) carriage.nodes.open(node, {});
    } catch (const Error&) {
      return false;
    }
    const auto now = carriage.lab.sshd.sessions();  // all others once the old ones' ends are known
    return now.size() >= before.size() &&
           std::find_first_of(now.begin(), now.end(), before.begin(), before.end()) == now.end();
  }));
  CHECK(carriage.carry(Round::last).differing == 3000);
  CHECK((Rounds::read(carriage.directory + "/checkpoint") == carriage.memory));
  CHECK_FALSE(fs::exists(carriage.directory + "/checkpoint/parent"));
}

TEST_CASE("carry: a session that one side has lost between two rounds", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  int forgotten = 0, whole = 0;
  for (const std::size_t side : {0, 1, 2, 3}) {  // each has a guard
    Rounds carriage(way);
    carriage.carry(Round::early);
    const auto programs = carriage.lab.programs();
    REQUIRE(programs.size() > side);
    ::kill(programs[side], SIGKILL);
    CHECK(eventually([&] {
      try {
        for (const char* node : {"worker-1", "worker-2"}) carriage.nodes.open(node, {});
        const auto now = carriage.lab.programs();  // the killed one is among them until its death has been noticed
        return now.size() >= programs.size() && std::find(now.begin(), now.end(), programs[side]) == now.end();
      } catch (const Error&) {
        return false;
      }
    }));
    try {
      const MoveResult last = carriage.carry(Round::last);
      CHECK(last.differing == 3000);
      ++whole;
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::inconsistent);
      ++forgotten;
      CHECK_NOTHROW(carriage.carry(Round::none));
    }
    CHECK((Rounds::read(carriage.directory + "/checkpoint") == carriage.memory));
    CHECK_FALSE(fs::exists(carriage.directory + "/rounds"));
  }
  CHECK(forgotten > 0);
  CHECK(whole > 0);
}

TEST_CASE("carry: rounds are for restores", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Rounds carriage(way);
  CHECK(error_of([&] {
          MoveRequest layout = carriage.request(RuntimeDump{"m1"});
          layout.as = Unpack::layout;
          layout.round = Round::early;
          carriage.carrier.move(layout, {}, {});
        }).kind() == ErrorKind::refused);
}
