// A dump's directory as an archive.
#include "node/dump/dump_archive.hpp"

#include <fcntl.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "ms2m/error.hpp"
#include "node/tar/reader.hpp"
#include "support/catch.hpp"
#include "wrap/posix/files.hpp"

using namespace ms2m;
using namespace ms2m::node;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

struct Dump {
  Dump() {
    fs::create_directories(place.path() / "checkpoint");
    put("checkpoint/pages-1.img", std::string(700'001, 'p'));
    put("checkpoint/inventory.img", "i");
    put("checkpoint/empty.img", "");
    put("rootfs-diff.tar", std::string(1024, '\0'));
    directory.reset(::open(place.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  void put(const std::string& name, const std::string& text) const { std::ofstream(place.path() / name) << text; }
  std::string written(const DumpArchive& archive) const {
    std::string bytes, chunk(5000, '\0');
    const ReadBytes read = archive.reader();
    while (const std::size_t size = read(chunk.data(), chunk.size())) bytes.append(chunk, 0, size);
    CHECK(read(chunk.data(), chunk.size()) == 0);
    return bytes;
  }
  posix::TempDir place{"ms2m-dump-archive-test-"};
  posix::UniqueFd directory;
};

}  // namespace

TEST_CASE("an archive of the kubelet's shape, as long as announced", "[node_dump]") {
  const Dump dump;
  const DumpArchive archive(dump.directory.get());
  const std::string bytes = dump.written(archive);
  CHECK(archive.size() == Bytes{bytes.size()});
  std::size_t at = 0;
  TarReader reader([&](char* into, std::size_t size) {
    const auto some = std::min(size, bytes.size() - at);
    std::memcpy(into, bytes.data() + at, some);
    at += some;
    return some;
  });
  std::vector<std::pair<std::string, std::size_t>> members;
  while (const auto entry = reader.next()) {
    std::string text;
    char chunk[4096];
    while (const auto got = reader.read(chunk, sizeof chunk)) text.append(chunk, got);
    members.emplace_back(entry->name, text.size());
    if (entry->name == "checkpoint/pages-1.img") CHECK((text == std::string(700'001, 'p')));
  }
  CHECK(members == std::vector<std::pair<std::string, std::size_t>>{{"checkpoint/", 0},
                                                                    {"checkpoint/empty.img", 0},
                                                                    {"checkpoint/inventory.img", 1},
                                                                    {"checkpoint/pages-1.img", 700'001},
                                                                    {"rootfs-diff.tar", 1024}});
}

TEST_CASE("a dump that changes, or is not whole, is none", "[node_dump]") {
  const Dump dump;
  const DumpArchive archive(dump.directory.get());
  for (const char* text : {"shorter", "", "longer"}) {
    dump.put("checkpoint/pages-1.img", *text == 'l' ? std::string(700'002, 'p') : text);
    CHECK_THROWS_WITH(dump.written(archive), Contains("pages-1.img of the dump has changed"));
  }
  fs::remove(dump.place.path() / "rootfs-diff.tar");
  CHECK_THROWS_WITH(DumpArchive(dump.directory.get()), Contains("rootfs-diff.tar"));
  fs::create_symlink("/etc/passwd", dump.place.path() / "rootfs-diff.tar");
  CHECK_THROWS_WITH(DumpArchive(dump.directory.get()), Contains("rootfs-diff.tar"));
  fs::remove_all(dump.place.path() / "checkpoint");
  CHECK_THROWS_AS(DumpArchive(dump.directory.get()), Error);
}
