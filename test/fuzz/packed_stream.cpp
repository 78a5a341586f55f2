// A packed stream, as it comes to the node where it lands, in pieces.
#include <algorithm>
#include <optional>

#include "node/program/packing.hpp"
#include "target.hpp"

using namespace ms2m;

namespace {

constexpr std::size_t kPiece = 777;

template <class Take>
void in_pieces(const std::uint8_t* data, std::size_t size, const Take& take) {
  for (std::size_t at = 0; at < size; at += kPiece)
    take(std::string(reinterpret_cast<const char*>(data) + at, std::min(size - at, kPiece)));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::optional<std::uint64_t> announced;
  test::read([&] {
    node::BlockMeter meter;
    std::uint64_t plain = 0;
    in_pieces(data, size, [&](const std::string& piece) { plain += meter.feed(piece); });
    announced = plain;
  });
  test::read([&] {
    node::Unpacker unpacker;
    std::uint64_t out = 0;
    in_pieces(data, size, [&](std::string piece) {
      unpacker.feed(std::move(piece));
      while (const auto bytes = unpacker.next()) {
        test::must(!bytes->empty() && bytes->size() <= node::kMaxBlock, "no more than a block has, and something");
        out += bytes->size();
      }
    });
    test::must(announced && out <= *announced, "no more than its blocks say");
    test::must(unpacker.unfinished() || out == *announced, "all that they say");
  });
  return 0;
}
