// A dump by a node's own runtime, from there to a restore, between two sessions with real sshds.
#include <unistd.h>

#include "carry/restore_lab.hpp"
#include "ms2m/error.hpp"
#include "node/program/dumped.hpp"
#include "node/session/session_dumps.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;
using Catch::StartsWith;

namespace {

struct Carried : RestoreLab {
  using RestoreLab::RestoreLab;
  SessionDumps dumps{nodes};

  MoveRequest request() const { return RestoreLab::request(RuntimeDump{id}); }
  std::string dump() const { return std::string(kLayoutRoot) + "/dumps/" + id; }
};

}  // namespace

TEST_CASE("a dump is taken, carried into a restore, and removed", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  if (::geteuid() != 0) return;
  Carried carried(way);
  posix::TempDir place("ms2m-relay-dump-");
  const std::string state = (place.path() / "state").string();
  DumpedContainer container((place.path() / "runtime").string(), state);
  const MonitorOf monitor(kId, container.program(), state);
  REQUIRE(becomes_true([&] { return monitor.there(); }));
  const DumpResult taken = carried.dumps.take("worker-1", carried.id, "cri-o://" + kId, {});
  CHECK(taken.frozen < std::chrono::seconds(60));
  CHECK_FALSE(container.frozen());
  CHECK(container.container.counts());

  carried.restores.prepare("worker-2", carried.id, {"shop", "consumer-0-m", "consumer", std::string(64, 'a')},
                           Millis{1000}, Seconds{600}, {});
  std::optional<Bytes> announced;
  const MoveResult moved =
      carried.carrier.move(carried.request(), [&](const MoveProgress& progress) { announced = progress.total; }, {});
  CHECK(moved.bytes == taken.bytes);
  CHECK(announced == taken.bytes);
  CHECK(fs::file_size(carried.directory + "/checkpoint/pages-1.img") == 3'000'000);
  CHECK(content(carried.directory + "/rootfs-diff.tar").find("changed") != std::string::npos);
  carried.restores.ready("worker-2", carried.id, moved.sha256, {});
  CHECK(fs::exists(carried.dump()));
  CHECK(carried.dumps.remove("worker-1", carried.id, {}));
  CHECK_FALSE(carried.dumps.remove("worker-1", carried.id, {}));
  CHECK_FALSE(fs::exists(carried.dump()));
  carried.restores.take_back("worker-2", carried.id, {});
}

TEST_CASE("a dump that is not there, or no dump's ID", "[carry]") {
  const Carriage way = GENERATE(from_range(ways()));
  Carried carried(way);
  MoveRequest request = carried.request();
  try {
    carried.carrier.move(request, {}, {});
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::not_found);
    CHECK_THAT(error.what(), StartsWith("source worker-1: ") && Contains("no dump " + carried.id));
  }
  request.checkpoint = RuntimeDump{"../etc"};
  CHECK_THROWS_WITH(carried.carrier.move(request, {}, {}), Contains("'../etc'"));
  CHECK_THROWS_AS(carried.dumps.take("worker-1", "../etc", kId, {}), Error);
  CHECK_THROWS_AS(carried.dumps.take("worker-1", "m1", "../etc", {}), Error);
  CHECK_THROWS_AS(carried.dumps.remove("worker-1", "dumps", {}), Error);
}
