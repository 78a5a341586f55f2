// What comes over the line between ms2m and the program on a node, for either end: a greeting, and frames.
#include "node/protocol/frame.hpp"

#include <algorithm>

#include "node/protocol/version.hpp"
#include "target.hpp"

using namespace ms2m;
using namespace ms2m::node;

namespace {

std::vector<Frame> decoded(Reader reader, const std::string& bytes, std::size_t step, bool straight) {
  FrameDecoder decoder(reader);
  std::vector<Frame> frames;
  test::read([&] {
    for (std::size_t at = 0; at < bytes.size();) {
      std::size_t size = std::min(step, bytes.size() - at);
      if (straight) {
        const auto room = decoder.room();
        test::must(!room.empty(), "there is room");
        size = std::min(size, room.size());
        std::copy_n(bytes.data() + at, size, room.data());
        decoder.filled(size);
      } else {
        decoder.feed(std::string_view(bytes).substr(at, size));
      }
      at += size;
      while (auto frame = decoder.next()) frames.push_back(std::move(*frame));
    }
  });
  return frames;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes = test::text_of(data, size);
  for (const Reader reader : {Reader::program, Reader::ms2m}) {
    const auto frames = decoded(reader, bytes, size, false);
    test::must(decoded(reader, bytes, 3, false) == frames, "however it is cut");
    test::must(decoded(reader, bytes, 1000, true) == frames, "whoever's the room is");
    std::string again;
    for (const Frame& frame : frames) {
      again += encode_frame(frame.kind, frame.channel, frame.payload);
      if (frame.kind == FrameKind::credit) test::read([&] { credit_of(frame); });
    }
    test::must(bytes.starts_with(again), "frames are written as they were read");
  }
  const std::string line = bytes.substr(0, bytes.find('\n'));
  if (const auto greeting = parse_greeting(line))
    test::must(parse_greeting(print_greeting(*greeting)) == greeting, "a greeting is written as it was read");
  return 0;
}
