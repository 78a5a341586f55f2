// Every way of a checkpoint, compressed where it is compressed, between two sessions with real sshds.
#include <sys/resource.h>

#include "carry/archive_of.hpp"
#include "carry/restore_lab.hpp"
#include "ms2m/error.hpp"
#include "support/catch.hpp"
#include "wrap/posix/sha256.hpp"

using namespace ms2m;
using namespace ms2m::test;
namespace fs = std::filesystem;

namespace {

struct Compressed : LayoutLab {
  explicit Compressed(Carriage by) : LayoutLab("compressed"), way(by) {}
  Carriage way;
  Carriers carriers{nodes, way};
  MoveRequest request(const std::string& bytes, Compression compress) const {
    MoveRequest made = LayoutLab::request(bytes, way);
    made.compress = compress;
    return made;
  }
  MoveResult move(const MoveRequest& request, const ProgressFn& progress = {}) {
    return carriers.all.move(request, progress, StopToken().within(std::chrono::seconds(120)));
  }
  std::string arrived(const MoveResult& moved) const {
    return posix::read_file(directory + "/blobs/sha256/" + moved.sha256);
  }
};

std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  std::ifstream("/dev/urandom", std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(size));
  return bytes;
}

std::string text(std::size_t size) {
  std::string all;
  for (int n = 0; all.size() < size; ++n) all += "message " + std::to_string(n) + " of app.events\n";
  return all.substr(0, size);
}

}  // namespace

TEST_CASE("carry: what is compressed on its way is what was sent", "[carry][compress]") {
  const Carriage way = GENERATE(from_range(ways()));
  const Compression compress = GENERATE(Compression::zstd, Compression::automatic);
  Compressed lab(way);
  for (const std::string& bytes : {std::string(), std::string("x"), text(3'000'000), noise(3'000'000)}) {
    CAPTURE(to_string(way), to_string(compress), bytes.size());
    MoveProgress last;
    const MoveResult moved = lab.move(lab.request(bytes, compress), [&](const MoveProgress& now) {
      CHECK(now.done >= last.done);
      CHECK(now.total == Bytes{bytes.size()});
      last = now;
    });
    CHECK(moved.bytes == Bytes{bytes.size()});
    CHECK(moved.sha256 == posix::Sha256::of(bytes));
    CHECK((lab.arrived(moved) == bytes));
    CHECK(last.done == moved.bytes);
    CHECK(moved.travelled.has_value() == (way != Carriage::registry));
    if (!moved.travelled) continue;
    CHECK(last.travelled == moved.travelled);
    CHECK(moved.travelled->count <= bytes.size() + 8 * 12 + 8);
    if (compress == Compression::zstd && bytes.starts_with("message")) CHECK(moved.travelled->count < bytes.size() / 3);
  }
}

TEST_CASE("carry: the bandwidth is of what travels", "[carry][compress]") {
  const Carriage way = GENERATE(Carriage::relay, Carriage::direct);
  Compressed lab(way);
  const auto takes = [&](Compression compress) {
    MoveRequest request = lab.request(text(6'000'000), compress);
    request.per_second = Bytes{3'000'000};
    const TimePoint begun = Clock::now();
    lab.move(request);
    return seconds_between(begun, Clock::now());
  };
  const double none = takes(Compression::none), zstd = takes(Compression::zstd), chosen = takes(Compression::automatic);
  CAPTURE(to_string(way), none, zstd, chosen);
  CHECK(none >= 2);
  CHECK(zstd < none / 1.8);
  CHECK(chosen < none);
}

TEST_CASE("carry: compressed, there has to be room for what it becomes", "[carry][compress]") {
  const Carriage way = GENERATE(Carriage::relay, Carriage::direct);
  Compressed lab(way);
  MoveRequest request = lab.request("", Compression::zstd);
  fs::resize_file(archive_of(request), std::uintmax_t{1} << 43);  // that compresses to some hundred megabytes
  const Error error = error_of([&] { lab.move(request); });
  CHECK_THAT(error.what(), Catch::StartsWith("target worker-2: ") && Catch::Contains("No space left on device"));
}

TEST_CASE("carry: memory does not depend on the size of what is compressed", "[carry][compress]") {
  const Carriage way = GENERATE(Carriage::relay, Carriage::direct);
  Compressed lab(way);
  const auto moved = [&](std::uintmax_t size) {
    MoveRequest request = lab.request("", Compression::zstd);
    fs::resize_file(archive_of(request), size);
    lab.move(request);
    fs::remove_all(lab.directory);
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;  // KiB
  };
  const long before = moved(20'000'000);
  CHECK(moved(400'000'000) - before < 40'000);
}
