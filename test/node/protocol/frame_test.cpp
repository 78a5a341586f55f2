#include "node/protocol/frame.hpp"

#include "ms2m/error.hpp"
#include "node/protocol/version.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::node;

namespace {

std::string head(std::uint32_t length, int kind, std::uint32_t channel) {
  std::string bytes;
  for (const std::uint32_t number : {length, channel}) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xff);
    if (bytes.size() == 4) bytes += static_cast<char>(kind);
  }
  return bytes;
}

bool refused(Reader reader, const std::string& bytes) {
  FrameDecoder decoder(reader);
  decoder.feed(bytes);
  try {
    decoder.next();
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::protocol);
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a frame's bytes", "[node_protocol]") {
  CHECK(encode_frame(FrameKind::data, 0x01020304, "ab") == std::string("\0\0\0\x07\x04\x01\x02\x03\x04"
                                                                       "ab",
                                                                       11));
  CHECK(encode_frame(FrameKind::heartbeat, 0) == std::string("\0\0\0\x05\x07\0\0\0\0", 9));
  CHECK(encode_frame(FrameKind::credit, 7, credit_payload(0x00400000)) ==
        std::string("\0\0\0\x09\x08\0\0\0\x07\0\x40\0\0", 13));
}

TEST_CASE("frames arrive in whatever pieces", "[node_protocol]") {
  const std::vector<Frame> sent{{FrameKind::request, 1, R"({"do":"hello"})"},
                                {FrameKind::heartbeat, 0, ""},
                                {FrameKind::data, 2, std::string(kMaxData, 'x')},
                                {FrameKind::cancel, 2, ""},
                                {FrameKind::end, 0xffffffff, "{}"}};
  std::string bytes;
  for (const Frame& frame : sent) bytes += encode_frame(frame.kind, frame.channel, frame.payload);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{70000}, bytes.size()}) {
    FrameDecoder decoder(Reader::program);
    std::vector<Frame> got;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      decoder.feed(std::string_view(bytes).substr(at, piece));
      while (auto frame = decoder.next()) got.push_back(std::move(*frame));
    }
    CHECK((got == sent));
    CHECK_FALSE(decoder.unfinished());
    decoder.feed("\0");
    CHECK(decoder.unfinished() == false);  // "" is what that is
    decoder.feed(std::string_view("\0", 1));
    CHECK(decoder.unfinished());
  }
}

TEST_CASE("bytes are put where the decoder wants them", "[node_protocol]") {
  const std::vector<Frame> sent{{FrameKind::data, 2, std::string(kMaxData, 'x')},
                                {FrameKind::heartbeat, 0, ""},
                                {FrameKind::data, 3, std::string(100, 'y')},
                                {FrameKind::data, 2, std::string(kMaxData - 1, 'z')}};
  std::string bytes;
  for (const Frame& frame : sent) bytes += encode_frame(frame.kind, frame.channel, frame.payload);
  for (const std::size_t most : {std::size_t{1}, std::size_t{9}, std::size_t{70000}, bytes.size()}) {
    FrameDecoder decoder(Reader::program);
    std::vector<Frame> got;
    std::size_t at = 0, largest = 0;
    while (at < bytes.size()) {
      const std::span<char> room = decoder.room();
      REQUIRE_FALSE(room.empty());
      const std::size_t size = bytes.copy(room.data(), std::min(most, room.size()), at);
      decoder.filled(size);
      at += size;
      largest = std::max(largest, size);
      while (auto frame = decoder.next()) got.push_back(std::move(*frame));
    }
    CHECK((got == sent));
    CHECK_FALSE(decoder.unfinished());
    if (most == bytes.size()) CHECK(largest > kMaxData / 2);  // straight into the frame
    decoder.room()[0] = '\0';
    decoder.filled(1);
    CHECK(decoder.unfinished());
    decoder.feed(std::string_view("\0\0\x05\x07\0\0\0\0", 8));
    CHECK((decoder.next() == Frame{FrameKind::heartbeat, 0, ""}));
  }
}

TEST_CASE("what is no frame is refused by its head alone", "[node_protocol]") {
  CHECK(refused(Reader::program, head(0xffffffff, 4, 1)));  // 4 GiB
  CHECK(refused(Reader::program, head(kMaxData + 6, 4, 1)));
  CHECK_FALSE(refused(Reader::program, head(kMaxData + 5, 4, 1)));
  CHECK(refused(Reader::program, head(kMaxRequest + 6, 1, 1)));
  CHECK_FALSE(refused(Reader::program, head(kMaxRequest + 5, 1, 1)));
  CHECK(refused(Reader::ms2m, head(kMaxAnswer + 6, 2, 1)));
  CHECK_FALSE(refused(Reader::ms2m, head(kMaxAnswer + 5, 2, 1)));
  CHECK(refused(Reader::program, head(4, 7, 0)));
  CHECK(refused(Reader::program, head(6, 7, 0)));  // a heartbeat carries nothing
  CHECK(refused(Reader::program, head(5, 7, 1)));  // and has no channel
  CHECK(refused(Reader::program, head(9, 4, 0)));  // everything else has one
  CHECK(refused(Reader::program, head(8, 8, 1)));
  CHECK(refused(Reader::program, head(9, 0, 1)));
  CHECK(refused(Reader::program, head(9, 10, 1)));
  for (const int kind : {2, 3, 9}) CHECK(refused(Reader::program, head(9, kind, 1)));
  for (const int kind : {1, 6}) CHECK(refused(Reader::ms2m, head(9, kind, 1)));
  CHECK_FALSE(refused(Reader::program, head(9, 4, 1).substr(0, 8)));
}

TEST_CASE("nobody sends what the other side refuses", "[node_protocol]") {
  CHECK_THROWS_AS(encode_frame(FrameKind::data, 1, std::string(kMaxData + 1, 'x')), Error);
  CHECK_THROWS_AS(encode_frame(FrameKind::request, 1, std::string(kMaxRequest + 1, 'x')), Error);
  CHECK_THROWS_AS(encode_frame(FrameKind::data, 0, "x"), Error);
  CHECK_NOTHROW(encode_frame(FrameKind::answer, 1, std::string(kMaxAnswer, 'x')));
  CHECK(credit_of({FrameKind::credit, 1, std::string("\x01\x02\x03\x04")}) == 0x01020304);
  CHECK_THROWS_AS(credit_of({FrameKind::data, 1, "abcd"}), Error);
}

TEST_CASE("the line before the frames", "[node_protocol]") {
  const Greeting greeting{1, "0123456789abcdef", "x86_64", 0};
  CHECK(print_greeting(greeting) == "ms2m-node 1 0123456789abcdef x86_64 0\n");
  CHECK((parse_greeting(print_greeting(greeting)) == greeting));
  CHECK((parse_greeting("ms2m-node 1 0123456789abcdef x86_64 0\r\n") == greeting));
  for (const char* other : {"", "ms2m-node", "Welcome to worker-1", "ms2m-push x86_64 0 yes", "ms2m-node x b m 0",
                            "ms2m-node 1 b m 0 more", "ms2m-node 1 b m -1", "ms2m-node 1  m 0"})
    CHECK_FALSE(parse_greeting(other));
}
