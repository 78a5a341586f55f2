// A stream that is packed on one side and unpacked on the other, and what becomes of one that was changed between them.
#include "node/program/packing.hpp"

#include <random>

#include "ms2m/error.hpp"
#include "node/program/channel.hpp"
#include "support/catch.hpp"
#include "support/error_of.hpp"

using namespace ms2m;
using namespace ms2m::node;
using Catch::Contains;

namespace {

std::string random_bytes(std::size_t size) {
  std::mt19937 random(7);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string text_of(std::size_t size) {
  std::string text;
  for (int n = 0; text.size() < size; ++n) text += "message " + std::to_string(n) + " of app.events\n";
  return text.substr(0, size);
}

std::string packed(const std::string& plain) {
  Packer packer;
  std::string all;
  for (std::size_t at = 0; at < plain.size(); at += kMaxBlock) {
    const std::string piece = plain.substr(at, kMaxBlock);
    const std::string_view block = packer.compressed(piece);
    all += block.empty() ? head_of(piece) + piece : std::string(block);
  }
  return all;
}

/// Error{failed}, also when it is cut off.
std::string unpacked(const std::string& stream, std::size_t piece = 100'000) {
  Unpacker unpacker;
  std::string all;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    unpacker.feed(stream.substr(at, piece));
    while (const auto bytes = unpacker.next()) all += *bytes;
  }
  if (unpacker.unfinished()) throw Error(ErrorKind::failed, "cut off");
  return all;
}

/// As ms2m does it between two nodes.
void carry(Wire& from, Channel& to, const std::function<std::string(std::string)>& meddle) {
  FrameDecoder decoder(Reader::ms2m);
  for (std::string frame; !(frame = from.take()).empty();) decoder.feed(frame);
  while (auto frame = decoder.next()) {
    if (frame->kind == FrameKind::data) to.on_data(meddle(std::move(frame->payload)));
    if (frame->kind == FrameKind::end) to.on_end({});
  }
}

}  // namespace

TEST_CASE("what was packed comes out as it was", "[packing]") {
  const std::string plain =
      GENERATE(std::string(), std::string("x"), std::string(2, '\0'), std::string(kMaxBlock, '\0'),
               random_bytes(kMaxBlock), random_bytes(3 * kMaxBlock + 5), text_of(1'000'000),
               random_bytes(300'000) + text_of(300'000) + std::string(300'000, '\0'));
  const std::string stream = packed(plain);
  const std::size_t blocks = (plain.size() + kMaxBlock - 1) / kMaxBlock;
  CHECK(stream.size() <= plain.size() + blocks * BlockHead::kSize);
  for (const std::size_t piece : {7919u, 65536u, 262144u, 10'000'000u}) CHECK((unpacked(stream, piece) == plain));
  if (plain.size() < 1000) CHECK(unpacked(stream, 1) == plain);
}

TEST_CASE("memory becomes smaller", "[packing]") {
  CHECK(packed(text_of(1'000'000)).size() < 250'000);
  CHECK(packed(std::string(1'000'000, '\0')).size() < 1000);
}

TEST_CASE("a packed stream that was cut, lengthened or changed is refused", "[packing]") {
  const std::string plain = text_of(20'000) + random_bytes(20'000);
  const std::string stream = packed(plain);
  REQUIRE(unpacked(stream) == plain);
  for (std::size_t size = 1; size < stream.size(); size += 97) {
    CAPTURE(size);
    CHECK(test::error_of([&] { unpacked(stream.substr(0, size)); }).kind() == ErrorKind::failed);
  }
  CHECK(test::error_of([&] { unpacked(stream + "x"); }).kind() == ErrorKind::failed);
  CHECK(test::error_of([&] { unpacked(stream + std::string(8, '\0')); }).kind() == ErrorKind::failed);
  // A change is an error here, or is known by the digest.
  std::size_t known_here = 0;
  for (std::size_t at = 0; at < stream.size(); at += 61) {
    std::string changed = stream;
    changed[at] = static_cast<char>(changed[at] ^ 0x11);
    std::optional<std::string> got;
    try {
      got = unpacked(changed);
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::failed);
      ++known_here;
    }
    CHECK((!got || *got != plain));
  }
  CHECK(known_here > 0);
}

TEST_CASE("a block in which there is more than it says is no more than it says", "[packing]") {
  const std::string large = std::string(kMaxBlock, '\0');
  std::string bomb = packed(large);
  REQUIRE(bomb.size() < 100);
  for (const std::uint32_t said : {1000u, static_cast<std::uint32_t>(kMaxBlock - 1)}) {
    print_head({said, static_cast<std::uint32_t>(bomb.size() - BlockHead::kSize)}).copy(bomb.data(), BlockHead::kSize);
    const Error error = test::error_of([&] { unpacked(bomb); });
    CHECK(error.kind() == ErrorKind::failed);
    CHECK_THAT(error.what(), Contains("the compressed stream is damaged"));
  }
  std::string less = packed(text_of(1000));
  print_head({2000, static_cast<std::uint32_t>(less.size() - BlockHead::kSize)}).copy(less.data(), BlockHead::kSize);
  CHECK_THAT(test::error_of([&] { unpacked(less); }).what(), Contains("1000 bytes instead of 2000"));
}

TEST_CASE("a channel packs what it sends, and unpacks what comes", "[packing]") {
  const Compression how = GENERATE(Compression::zstd, Compression::automatic);
  Wire here, there;
  Channel source(2, here), target(2, there);
  source.pack(how);
  target.unpack();
  target.accept_stream({});
  source.on_credit(kWindow);
  const std::string plain = text_of(600'000);
  source.send(plain);
  source.send_end({Bytes{plain.size()}, ""});
  SECTION("whole") {
    std::uint64_t travelled = 0;
    carry(here, target, [&](std::string bytes) {
      travelled += bytes.size();
      return bytes;
    });
    std::string got;
    while (const auto bytes = target.receive()) got += *bytes;
    CHECK((got == plain));
    CHECK((how == Compression::zstd ? travelled < 200'000 : travelled == 600'000 + 3 * BlockHead::kSize));
  }
  SECTION("without its last byte") {
    std::size_t left = how == Compression::zstd ? 1000 : 500'000;
    carry(here, target, [&](std::string bytes) {
      bytes.resize(std::min(bytes.size(), left));
      left -= bytes.size();
      return bytes;
    });
    CHECK_THAT(test::error_of([&] {
                 while (target.receive()) continue;
               }).what(),
               Contains("cut off"));
  }
}

TEST_CASE("a stream that nobody wants any more may end in the middle of a block", "[packing]") {
  Wire wire;
  Channel channel(2, wire);
  channel.unpack();
  channel.accept_stream({});
  channel.on_data(print_head({10, 10}) + "abc");
  CHECK(channel.receive() == "abc");
  channel.receive_no_more();
  CHECK_FALSE(channel.receive());
}
