#include "node/criu/pagemap.hpp"

#include "support/catch.hpp"

using namespace ms2m::node;

namespace {

/// Of CRIU 4.2.1, dumped of a sleep: head, and its ranges.
const std::string kMagic = std::string("\x19\x43\x56\x54\x25\x40\x08\x56", 8);

std::string record(const std::string& message) {
  return std::string{static_cast<char>(message.size()), 0, 0, 0} + message;
}

}  // namespace

TEST_CASE("a pagemap as CRIU 4.2 writes it is read, and written the same", "[criu]") {
  // address 0x400000, no narrow number, flags 6, one page; then address 0x401000, flags 4, 300 pages
  const std::string image = kMagic + record("\x08\x01") +
                            record(std::string("\x08\x80\x80\x80\x02\x10\x00\x20\x06\x28\x01", 11)) +
                            record(std::string("\x08\x80\xa0\x80\x02\x10\x00\x20\x04\x28\xac\x02", 12));
  const auto map = parse_pagemap(image);
  REQUIRE(map);
  CHECK(map->pages_id == 1);
  REQUIRE(map->ranges.size() == 2);
  CHECK(map->ranges[0].address == 0x400000);
  CHECK(map->ranges[0].pages == 1);
  CHECK(map->ranges[0].flags == 6u);
  CHECK(map->ranges[1].address == 0x401000);
  CHECK(map->ranges[1].pages == 300);
  CHECK(map->ranges[1].wide);
  CHECK_FALSE(map->ranges[1].in_parent);
  CHECK(print_pagemap(*map) == image);
}

TEST_CASE("a pagemap of an older CRIU, with a narrow number of pages, is read, and written the same", "[criu]") {
  const std::string image = kMagic + record("\x08\x07") +
                            record(std::string("\x08\x80\x80\x80\x02\x10\x05\x20\x04", 9)) +
                            record(std::string("\x08\x80\x80\x82\x02\x10\x01\x20\x01", 9));
  const auto map = parse_pagemap(image);
  REQUIRE(map);
  CHECK(map->ranges[0].pages == 5);
  CHECK_FALSE(map->ranges[0].wide);
  CHECK(map->ranges[1].in_parent);
  CHECK(print_pagemap(*map) == image);
}

TEST_CASE("pages that are kept back for CRIU's page server are counted, and are nothing for anybody else", "[criu]") {
  // flags 2, 5 pages; then flags 4, 5 pages
  const std::string back = record(std::string("\x08\x80\x80\x80\x02\x10\x00\x20\x02\x28\x05", 11)),
                    there = record(std::string("\x08\x80\x80\x82\x02\x10\x05\x20\x04", 9));
  const std::string image = kMagic + record("\x08\x01") + back + there;
  const auto kept = pages_kept_back(image);
  REQUIRE((kept && kept->size() == 1));
  CHECK(kept->front().address == 0x400000);
  CHECK(kept->front().pages == 5);
  CHECK_FALSE(parse_pagemap(image));
  CHECK(pages_kept_back(kMagic + record("\x08\x01") + there)->empty());
  CHECK(process_of("pagemap-17.img") == 17u);
  CHECK_FALSE(process_of("pagemap-shmem-17.img"));
  CHECK_FALSE(pages_kept_back(image + "\x01"));
  CHECK_FALSE(pages_kept_back(""));
}

TEST_CASE("nothing is concluded from a pagemap with something unknown in it", "[criu]") {
  const std::string head = record("\x08\x01");
  const std::string range = record(std::string("\x08\x80\x80\x80\x02\x10\x05\x20\x04", 9));
  REQUIRE(parse_pagemap(kMagic + head + range));
  const auto unknown = [&](const std::string& image) { return !parse_pagemap(image); };
  CHECK(unknown(""));
  CHECK(unknown(std::string(8, 'x') + head + range));
  CHECK(unknown(kMagic));
  CHECK(unknown(kMagic + range));                                     // no head
  CHECK(unknown(kMagic + head + range.substr(0, range.size() - 1)));  // cut off
  CHECK(unknown(kMagic + head + range + "\x01"));                     // and something behind
  CHECK(unknown(kMagic + head + range + range));                      // twice the same pages
  CHECK(unknown(kMagic + record("\x08\x01\x10\x02") + range));        // a new field in the head
  CHECK(unknown(kMagic + head + record(std::string("\x08\x80\x80\x80\x02\x10\x05\x30\x01", 9))));  // in a range
  CHECK(unknown(kMagic + head + record(std::string("\x08\x80\x80\x80\x02\x10\x05\x20\x08", 9))));  // a new flag
  CHECK(unknown(kMagic + head + record(std::string("\x08\x80\x80\x80\x02\x10\x05\x20\x02", 9))));  // lazy, not there
  CHECK(unknown(kMagic + head + record(std::string("\x08\x80\x80\x80\x02\x10\x05\x18\x01", 9))));  // in_parent
  CHECK(unknown(kMagic + head + record(std::string("\x08\x80\x80\x80\x02\x10\x00\x20\x04", 9))));  // no pages
  CHECK(unknown(kMagic + head + record(std::string("\x08\x81\x80\x80\x02\x10\x05\x20\x04", 9))));  // no page's address
  CHECK(unknown(kMagic + head + record(std::string("\x0a\x01\x41", 3))));                          // a text
  CHECK(unknown(kMagic + head + std::string("\xff\xff\xff\xff", 4)));
}

TEST_CASE("files are told by their names", "[criu]") {
  CHECK(is_pagemap("pagemap-1.img"));
  CHECK(is_pagemap("pagemap-shmem-4711.img"));
  CHECK_FALSE(is_pagemap("pages-1.img"));
  CHECK(pages_id_of("pages-17.img") == 17u);
  for (const char* none : {"pages-.img", "pages-1", "pages-1x.img", "pages-99999999999.img", "pages.img", "pages-img"})
    CHECK_FALSE(pages_id_of(none));
}
