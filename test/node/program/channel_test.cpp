// Credit, order and cancelling, without a program around them.
#include "node/program/channel.hpp"

#include <thread>

#include "ms2m/error.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::node;

namespace {

std::vector<Frame> taken(Wire& wire) {
  FrameDecoder decoder(Reader::ms2m);
  for (std::string frame; !(frame = wire.take()).empty();) decoder.feed(frame);
  std::vector<Frame> frames;
  while (auto frame = decoder.next()) frames.push_back(std::move(*frame));
  return frames;
}

}  // namespace

TEST_CASE("a stream takes no more than its credit", "[node_program]") {
  Wire wire;
  Channel channel(2, wire);
  CHECK_THROWS_AS(channel.on_data("x"), Error);
  channel.accept_stream({});
  auto frames = taken(wire);
  REQUIRE(frames.size() == 1);
  CHECK(credit_of(frames[0]) == kWindow);
  for (std::size_t sent = 0; sent < kWindow; sent += kMaxData) channel.on_data(std::string(kMaxData, 'x'));
  CHECK_THROWS_AS(channel.on_data("x"), Error);
  std::uint64_t granted = 0, got = 0;
  while (got < kWindow) {
    got += channel.receive()->size();
    for (const Frame& frame : taken(wire)) granted += credit_of(frame);
  }
  CHECK(granted == kWindow);
  CHECK_NOTHROW(channel.on_data("y"));
  channel.on_end({Bytes{kWindow + 1}, ""});
  CHECK_THROWS_AS(channel.on_end({}), Error);
  CHECK_THROWS_AS(channel.on_data("z"), Error);
  CHECK(channel.receive() == "y");
  CHECK_FALSE(channel.receive());
  CHECK(channel.end_of_stream().bytes == Bytes{kWindow + 1});
}

TEST_CASE("single bytes are kept as one", "[node_program]") {
  Wire wire;
  Channel channel(2, wire);
  channel.accept_stream({});
  for (int i = 0; i < 1000; ++i) channel.on_data("x");
  CHECK(channel.receive()->size() == 1000);
}

TEST_CASE("what waits for credit, room or data ends when it is cancelled", "[node_program]") {
  Wire wire;
  for (const int what : {0, 1, 2}) {
    Channel channel(static_cast<std::uint32_t>(what + 2), wire);
    if (what == 1) channel.on_credit(1u << 30);
    channel.accept_stream({});
    std::thread request([&] {
      if (what == 2)
        CHECK_THROWS_AS(channel.receive(), Cancelled);
      else
        CHECK_THROWS_AS(channel.send(std::string(64 << 20, 'x')), Cancelled);
    });
    channel.cancel();
    request.join();
    taken(wire);
  }
}

TEST_CASE("answers of others pass a stream, its own end does not", "[node_program]") {
  Wire wire;
  Channel channel(2, wire);
  channel.on_credit(100);
  channel.send("abc");
  channel.send_end({Bytes{3}, ""});
  wire.put(FrameKind::answer, 2, "{}");
  wire.put(FrameKind::answer, 3, "{}");
  wire.put(FrameKind::heartbeat, 0);
  std::vector<std::pair<FrameKind, std::uint32_t>> order;
  for (const Frame& frame : taken(wire)) order.emplace_back(frame.kind, frame.channel);
  CHECK((order == std::vector<std::pair<FrameKind, std::uint32_t>>{{FrameKind::answer, 3},
                                                                   {FrameKind::heartbeat, 0},
                                                                   {FrameKind::data, 2},
                                                                   {FrameKind::end, 2},
                                                                   {FrameKind::answer, 2}}));
  CHECK(wire.empty());
}
