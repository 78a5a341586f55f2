#include "node/criu/page_frames.hpp"

#include <random>
#include <set>

#include "support/catch.hpp"

using namespace ms2m::node;

namespace {

constexpr std::uint64_t kPage = 4096;

PageRun run(std::uint64_t process, std::uint64_t page, std::uint64_t pages) { return {process, page * kPage, pages}; }

}  // namespace

TEST_CASE("a frame is read as it is written, and lies as CRIU's does", "[criu]") {
  const std::string bytes = print_frame({PageFrame::kGet, {17, 0x7f0000001000, 300}});
  REQUIRE(bytes.size() == PageFrame::kSize);
  CHECK(bytes.substr(0, 10) == std::string("\x07\0\0\0\0\0\0\0\x2c\x01", 10));
  CHECK(bytes.substr(16, 6) == std::string("\x00\x10\x00\x00\x00\x7f", 6));
  CHECK(bytes[24] == 17);
  const PageFrame frame = parse_frame(bytes);
  CHECK(frame.command == PageFrame::kGet);
  CHECK(frame.run == PageRun{17, 0x7f0000001000, 300});
}

TEST_CASE("a set of pages is what a set of single ones is", "[criu]") {
  std::mt19937 random(7);
  PageSet pages;
  std::set<std::pair<std::uint64_t, std::uint64_t>> single;
  for (int step = 0; step < 3000; ++step) {
    const std::uint64_t process = 1 + random() % 2, first = 1 + random() % 60, count = 1 + random() % 9;
    const bool adds = random() % 2 == 0;
    bool met = false;
    std::uint64_t leading = 0;
    while (leading < count && single.count({process, first + leading}) > 0) ++leading;
    for (std::uint64_t page = first; page < first + count; ++page) met |= single.count({process, page}) > 0;
    REQUIRE(pages.meets(run(process, first, count)) == met);
    REQUIRE(pages.leading(run(process, first, count)) == run(process, first, leading));
    if (adds)
      pages.add(run(process, first, count));
    else
      pages.remove(run(process, first, count));
    for (std::uint64_t page = first; page < first + count; ++page)
      adds ? void(single.insert({process, page})) : void(single.erase({process, page}));
    const auto next = pages.next(run(process, first, count), 1);
    REQUIRE(next.has_value() == !single.empty());
    auto behind = single.lower_bound({process, first + count});
    if (behind == single.end()) behind = single.begin();
    if (next) REQUIRE(*next == run(behind->first, behind->second, 1));
  }
}

TEST_CASE("the shortest runs of a set of pages come first, as many as there is room for", "[criu]") {
  PageSet pages;
  pages.add({1, 0x100000, 50});
  pages.add({2, 0x100000, 3});
  pages.add({1, 0x900000, 7});
  CHECK(pages.shortest(2).empty());
  CHECK(pages.shortest(59) == std::vector<PageRun>{{2, 0x100000, 3}, {1, 0x900000, 7}});
  CHECK(pages.shortest(60).size() == 3);
}
