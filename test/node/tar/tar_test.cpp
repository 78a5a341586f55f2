// What the writer says of a member, the reader understands.
#include <cstring>
#include <limits>

#include "ms2m/error.hpp"
#include "node/tar/reader.hpp"
#include "node/tar/writer.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::node;
using Catch::Contains;
using Kind = TarEntry::Kind;

namespace {

struct Member {
  TarEntry entry;
  std::string text;
};

std::string written(const std::vector<Member>& members) {
  std::string bytes;
  for (const Member& each : members) {
    bytes += tar_header(each.entry);
    if (each.entry.kind == Kind::file) bytes += each.text + tar_padding(each.text.size());
  }
  return bytes + tar_end();
}

std::vector<Member> read_back(const std::string& bytes) {
  std::size_t at = 0;
  TarReader reader([&](char* into, std::size_t size) {
    const auto some = std::min({size, bytes.size() - at, std::size_t{777}});
    std::memcpy(into, bytes.data() + at, some);
    at += some;
    return some;
  });
  std::vector<Member> members;
  while (auto entry = reader.next()) {
    members.push_back({*entry, {}});
    char chunk[1000];
    while (const auto got = reader.read(chunk, sizeof chunk)) members.back().text.append(chunk, got);
  }
  return members;
}

TarEntry made(Kind kind, const std::string& name) {
  TarEntry entry;
  entry.kind = kind;
  entry.name = name;
  entry.mode = 04751;
  entry.uid = 1000;
  entry.gid = 33;
  entry.mtime = 1'795'000'000;
  return entry;
}

void check_same(const TarEntry& is, const TarEntry& meant) {
  INFO(meant.name.substr(0, 60));
  CHECK(is.kind == meant.kind);
  CHECK(is.name == meant.name);
  CHECK(is.link == meant.link);
  CHECK(is.mode == meant.mode);
  CHECK(is.uid == meant.uid);
  CHECK(is.gid == meant.gid);
  CHECK(is.size == meant.size);
  CHECK(is.mtime == meant.mtime);
  CHECK(is.mtime_ns == meant.mtime_ns);
  CHECK(is.major == meant.major);
  CHECK(is.minor == meant.minor);
  CHECK(is.xattrs == meant.xattrs);
}

std::vector<Member> one_of_each() {
  std::vector<Member> all;
  for (const std::size_t size : {0, 1, 511, 512, 513, 70'000}) {
    all.push_back({made(Kind::file, "file-of-" + std::to_string(size)), std::string(size, 'x')});
    all.back().entry.size = size;
  }
  for (const auto& [kind, name] : {std::pair{Kind::directory, "dir"}, std::pair{Kind::fifo, "pipe"}})
    all.push_back({made(kind, name), ""});
  all.push_back({made(Kind::character, "white-out"), ""});
  all.push_back({made(Kind::block, "disk"), ""});
  all.back().entry.major = 8;
  all.back().entry.minor = 17;
  for (const std::size_t size : {1, 100, 101, 255, 4000}) {
    all.push_back({made(Kind::symlink, std::string(size, 'n')), ""});
    all.back().entry.link = std::string(size, 'l');
    all.push_back({made(Kind::hard_link, "hard" + std::to_string(size)), ""});
    all.back().entry.link = std::string(size, 'h');
  }
  return all;
}

}  // namespace

TEST_CASE("members of every kind, names and contents of every length", "[node_tar]") {
  const auto all = one_of_each();
  const auto back = read_back(written(all));
  REQUIRE(back.size() == all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    check_same(back[i].entry, all[i].entry);
    CHECK((back[i].text == all[i].text));
  }
}

TEST_CASE("numbers that ustar cannot say, names of any bytes, attributes", "[node_tar]") {
  std::vector<Member> all{{made(Kind::directory, "names\nwith = 7 \xff"), ""}};
  TarEntry& first = all.back().entry;
  first.uid = first.gid = 4'294'967'295U;
  first.xattrs = {{"security.capability", std::string("\1\0\0\2\n=\0", 7)}, {"user.long", std::string(5000, 'v')}};
  for (const std::int64_t mtime :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{-2'000'000'000}, std::int64_t{1} << 40})
    for (const std::uint32_t ns : {0U, 1U, 500'000'000U, 999'999'999U}) {
      all.push_back({made(Kind::directory, "time"), ""});
      all.back().entry.mtime = mtime;
      all.back().entry.mtime_ns = ns;
    }
  const auto back = read_back(written(all));
  REQUIRE(back.size() == all.size());
  for (std::size_t i = 0; i < all.size(); ++i) check_same(back[i].entry, all[i].entry);

  TarEntry huge = made(Kind::file, "huge");
  huge.size = std::uint64_t{1} << 40;
  std::string header = tar_header(huge);
  std::size_t at = 0;
  TarReader reader([&](char* into, std::size_t size) {
    const auto some = std::min(size, header.size() - at);
    std::memcpy(into, header.data() + at, some);
    at += some;
    return some;
  });
  CHECK(reader.next()->size == huge.size);
}

TEST_CASE("a name with a zero byte in it, of which the system would take a part, is refused", "[node_tar]") {
  const std::string some(200, 'n');  // long: it stands in a pax header
  for (const std::string& odd : {some + std::string("\0x", 2), std::string("..\0", 3) + some}) {
    TarEntry name = made(Kind::file, odd), link = made(Kind::symlink, "some"), attribute = made(Kind::file, "some");
    link.link = odd;
    attribute.xattrs = {{odd, "value"}};
    for (const TarEntry& each : {name, link, attribute})
      CHECK_THROWS_WITH(read_back(tar_header(each) + tar_end()), Contains("a name that is none"));
  }
}

TEST_CASE("a time that is none is refused", "[node_tar]") {
  TarEntry entry = made(Kind::file, "some");
  entry.mtime = std::numeric_limits<std::int64_t>::min() + 1;
  entry.mtime_ns = 500'000'000;
  std::string archive = tar_header(entry) + tar_end();
  const auto at = archive.find("-9223372036854775806.5");
  REQUIRE(at != std::string::npos);
  archive.replace(at, 22, "-9223372036854775808.5");
  CHECK_THROWS_WITH(read_back(archive), Contains("too large"));
}

TEST_CASE("attributes that no archive can say are refused where it is written", "[node_tar]") {
  TarEntry entry = made(Kind::file, "some");
  entry.xattrs = {{"user.a=b", "c"}};
  CHECK_THROWS_WITH(tar_header(entry), Contains("user.a=b"));
  entry.xattrs = {{"user.a", std::string(1u << 20, 'x')}};
  CHECK_THROWS_WITH(tar_header(entry), Contains("more than an archive takes"));
}
