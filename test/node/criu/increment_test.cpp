// A checkpoint as an increment over another one: put together again, it is the second.
#include "node/criu/increment.hpp"

#include <cstring>
#include <random>

#include "memory_files.hpp"
#include "ms2m/error.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;

namespace {

ReadBytes reader_of(const std::string& bytes) {
  return [&bytes, at = std::size_t{0}](char* into, std::size_t size) mutable {
    size = std::min({size, bytes.size() - at, std::size_t{10'000}});
    std::memcpy(into, bytes.data() + at, size);
    at += size;
    return size;
  };
}

Increment::Archive reading(const std::string& bytes) {
  return [&bytes] { return reader_of(bytes); };
}

Files unpacked(const std::string& archive) {
  Files files;
  TarReader tar(reader_of(archive));
  std::string chunk(100'000, '\0');
  while (const auto entry = tar.next()) {
    std::string& content = files[entry->name];
    while (const std::size_t size = tar.read(chunk.data(), chunk.size())) content.append(chunk, 0, size);
  }
  return files;
}

std::string written(const Increment& increment) {
  std::string all;
  increment.write([&](std::string_view bytes) {
    REQUIRE(bytes.size() <= 256u << 10);
    all += bytes;
  });
  REQUIRE(all.size() == increment.size().count);
  return all;
}

/// As a target reads it.
std::optional<Memory> memory_of(const Files& files, const Memory* under) {
  MemoryImages images;
  for (const auto& [name, content] : files) {
    if (!name.starts_with("checkpoint/") || !images.begin(name.substr(11))) continue;
    for (std::string_view left = content; !left.empty(); left.remove_prefix(std::min<std::size_t>(left.size(), 5000)))
      images.feed(left.substr(0, 5000));
    images.end();
  }
  return images.memory(under);
}

}  // namespace

TEST_CASE("an increment over an earlier checkpoint is that checkpoint, in every way in which memory changes",
          "[criu]") {
  std::mt19937 random(7);
  for (int round = 0; round < 30; ++round) {
    Pages first, second;
    const std::uint64_t at = 0x7f0000000000;
    for (int i = 0; i < 200; ++i)
      if (random() % 10 != 0) first[at + i * kPageSize] = page("first" + std::to_string(i));
    second = first;
    std::uint64_t differ = 0;
    for (int i = 0; i < 260; ++i) {
      const std::uint64_t address = at + i * kPageSize;
      switch (random() % 12) {
        case 0:  // freed
          second.erase(address);
          break;
        case 1:  // new, or written
          second[address] = page("second" + std::to_string(i));
          break;
        case 2:  // what was at another place
          second[address] = page("first" + std::to_string((i + 7) % 200));
          break;
        case 3:  // zero
          second[address] = std::string(kPageSize, '\0');
          break;
        case 4:  // written back to its old value
          if (first.contains(address)) second[address] = first[address];
          break;
        default:
          break;
      }
    }
    for (const auto& [address, bytes] : second) differ += !first.contains(address) || first[address] != bytes;
    Files one{{"checkpoint/inventory.img", "i1"}},
        two{{"checkpoint/inventory.img", "i2"}, {"rootfs-diff.tar", "changes"}};
    put_memory(one, "1", 1, first);
    put_memory(one, "shmem-9", 2, {{0, page("shared")}, {kPageSize, page("same")}});
    put_memory(two, "1", 2, second);  // other numbers than before
    put_memory(two, "shmem-9", 1, {{0, page("shared and changed")}, {kPageSize, page("same")}});
    put_memory(two, "17", 3, {{at, page("a second process")}});
    const std::string whole = archive_of_files(one), later = archive_of_files(two);

    const Increment base(reading(whole), nullptr, Increment::Members::memory);
    REQUIRE(base.memory());
    CHECK(base.differing() == base.pages());
    const Files at_target = unpacked(written(base));
    CHECK_FALSE(at_target.contains("checkpoint/inventory.img"));
    const auto kept = memory_of(at_target, nullptr);
    REQUIRE(kept);
    CHECK(kept->digest() == base.memory()->digest());

    const Increment increment(reading(later), &*base.memory(), Increment::Members::all);
    REQUIRE(increment.memory());
    CHECK(increment.differing() == differ + 2);
    const Files arrived = unpacked(written(increment));
    CHECK(arrived.at("checkpoint/inventory.img") == "i2");
    CHECK(arrived.at("rootfs-diff.tar") == "changes");
    const auto there = memory_of(arrived, &*kept);
    REQUIRE(there);
    CHECK(there->digest() == increment.memory()->digest());
    CHECK(there->digest() != kept->digest());
    CHECK(there->pages() == second.size() + 3);
    CHECK(pages_of(arrived, "1", pages_of(at_target, "1", {})) == second);
    CHECK(pages_of(arrived, "17", {}).at(at) == page("a second process"));
    // Over something else it is another memory, or none.
    const auto wrong = memory_of(unpacked(archive_of_files(two)), nullptr);
    REQUIRE(wrong);
    CHECK(wrong->digest() == there->digest());
    CHECK_FALSE(memory_of(arrived, nullptr));
  }
}

TEST_CASE("what is not understood of a checkpoint is carried as it is", "[criu]") {
  Files files{{"checkpoint/inventory.img", "i"}};
  put_memory(files, "1", 1, {{0x1000, page("a")}});
  const std::string whole = archive_of_files(files);
  const Increment base(reading(whole), nullptr, Increment::Members::memory);
  REQUIRE(base.memory());
  SECTION("another kind of pagemap") { files["checkpoint/pagemap-1.img"] += "?"; }
  SECTION("more pages than are mapped") { files["checkpoint/pages-1.img"] += page("b"); }
  SECTION("a part of a page") { files["checkpoint/pages-1.img"] += "b"; }
  SECTION("pages of nobody") { files["checkpoint/pages-2.img"] = page("b"); }
  SECTION("no pages") { files.erase("checkpoint/pages-1.img"); }
  SECTION("pages that two maps have") { files["checkpoint/pagemap-2.img"] = files["checkpoint/pagemap-1.img"]; }
  SECTION("an increment already") {
    Pagemap map{1, {{0x1000, 1, true, 1u, true}}};
    files["checkpoint/pagemap-1.img"] = print_pagemap(map);
  }
  const std::string later = archive_of_files(files);
  const Increment increment(reading(later), &*base.memory(), Increment::Members::all);
  CHECK_FALSE(increment.memory());
  CHECK(written(increment) == later);
}

TEST_CASE("an archive that changes between its two readings is noticed", "[criu]") {
  Files files;
  put_memory(files, "1", 1, {{0x1000, page("a")}, {0x2000, page("b")}});
  const std::string whole = archive_of_files(files);
  const std::string cut = archive_of_files(
      {{"checkpoint/pagemap-1.img", files["checkpoint/pagemap-1.img"]}, {"checkpoint/pages-1.img", page("a")}});
  int readings = 0;
  const Increment increment([&] { return reader_of(readings++ == 0 ? whole : cut); }, nullptr, Increment::Members::all);
  CHECK_THROWS_AS(increment.write([](std::string_view) {}), Error);
}
