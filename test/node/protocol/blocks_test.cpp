#include "node/protocol/blocks.hpp"

#include "ms2m/error.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace ms2m;
using namespace ms2m::node;
using Catch::Contains;

TEST_CASE("a block's head has both its sizes", "[packing]") {
  CHECK(print_head({0x00010203, 0x00000405}) == std::string("\0\1\2\3\0\0\4\5", 8));
  CHECK(parse_head(print_head({kMaxBlock, 1})) == BlockHead{kMaxBlock, 1});
  CHECK(parse_head(print_head({7, 7})).as_it_is());
  for (const BlockHead& none :
       {BlockHead{0, 0}, {0, 1}, {5, 0}, {5, 6}, {kMaxBlock + 1, 5}, {0xffffffff, 0xffffffff}}) {
    CAPTURE(none.plain, none.travelling);
    const Error error = test::error_of([&] { parse_head(print_head(none)); });
    CHECK(error.kind() == ErrorKind::failed);
    CHECK_THAT(error.what(), Contains("damaged"));
  }
}

TEST_CASE("a packed stream is followed by its heads, however it is cut", "[packing]") {
  const std::string stream =
      print_head({1000, 3}) + "abc" + print_head({2, 2}) + "\1\2" + print_head({kMaxBlock, 9}) + std::string(9, '\0');
  for (const std::size_t piece : {1u, 2u, 7u, 8u, 9u, 100u}) {
    CAPTURE(piece);
    BlockMeter meter;
    CHECK(meter.between_blocks());
    std::uint64_t plain = 0;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      plain += meter.feed(stream.substr(at, piece));
      if (at + piece < stream.size() && at + piece > stream.size() - 9) CHECK_FALSE(meter.between_blocks());
    }
    CHECK(plain == 1002 + kMaxBlock);
    CHECK(meter.between_blocks());
  }
}
