// Streams that go from one program to another, by requests; also with this test as the other one.
#include <unistd.h>

#include <thread>

#include "session.hpp"
#include "support/catch.hpp"
#include "support/ports.hpp"
#include "wrap/posix/sha256.hpp"
#include "wrap/tls/door.hpp"
#include "wrap/tls/tcp.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

const std::string kHere = "127.0.0.1";

StopToken soon() { return StopToken().within(std::chrono::seconds(60)); }

struct Node {
  Node() : session(place.program()) { session.hello(); }
  Place place;
  Session session;
};

/// Waits at the door of `target`.
struct Opening {
  Opening(Session& at, const std::string& peer, const std::string& id = "m1")
      : target(at), channel(at.begin(OpenPassage{id, {"192.0.2.1", kHere}, 0, peer})) {
    const Frame frame = at.next_of(channel);
    if (frame.kind == FrameKind::error) throw_error(frame.payload);
    ends = parse_message<PassageEnds>(frame.payload);
  }
  PassageOpened opened() { return target.finish<OpenPassage>(channel); }
  Session& target;
  std::uint32_t channel;
  PassageEnds ends;
};

std::unique_ptr<tls::Connection> enter(const PassageEnds& at, const tls::Identity& own, const std::string& peer) {
  auto socket = tls::connect_to(at.ends.at(0).address, static_cast<std::uint16_t>(at.ends.at(0).port),
                                std::chrono::seconds(30), soon());
  auto connection = std::make_unique<tls::Connection>(std::move(socket), tls::Side::client, own, peer);
  connection->shake_hands(soon());
  return connection;
}

/// A target whose stream comes from this test.
struct Arriving : Node {
  Arriving() {
    Opening opening(session, own.fingerprint());
    source = enter(opening.ends, own, opening.ends.fingerprint);
    opening.opened();
  }
  std::uint32_t begin(Bytes promised) {
    const auto channel = session.begin(WriteLayout{directory, promised, "m1"});
    CHECK(session.next_of(channel).kind == FrameKind::progress);  // it is ready
    return channel;
  }
  bool holds_nothing() const { return !fs::exists(place.layouts); }
  tls::Identity own;
  std::unique_ptr<tls::Connection> source;
  std::string directory = place.layouts + "/m1";
};

std::string some_bytes() {
  std::string bytes(3'000'000, 'x');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 + i / 257);
  return bytes;
}

StreamEnd end_of(const std::string& bytes) { return {Bytes{bytes.size()}, posix::Sha256::of(bytes)}; }

}  // namespace

TEST_CASE("a stream goes from node to node, and only what is said of it through ms2m", "[node_program]") {
  Node source, target;
  const std::string bytes = some_bytes();
  const std::string path = source.place.kubelet + "/checkpoints/checkpoint-p_n-c-2026-11-21T21:21:02Z.tar";
  put(path, bytes);
  const PassageKey key = source.session.call(OfferPassage{"m1"});
  Opening opening(target.session, key.fingerprint);
  REQUIRE(opening.ends.ends.size() == 1);  // it has not the other address
  CHECK(opening.ends.ends[0].address == kHere);
  const PassageEnd entered =
      source.session.call(EnterPassage{"m1", {{kHere, 1}, opening.ends.ends[0]}, opening.ends.fingerprint});
  CHECK(entered.port == opening.ends.ends[0].port);
  CHECK(opening.opened().strangers == 0);

  const auto from = source.session.begin(ReadArchive{path, Round::none, "", PassageUse{"m1", {}}});
  const auto announced = parse_message<StreamProgress>(source.session.next_of(from).payload);
  CHECK(announced.total == Bytes{bytes.size()});
  const std::string directory = target.place.layouts + "/m1";
  const auto to = target.session.begin(WriteLayout{directory, announced.total, "m1"});
  CHECK(target.session.next_of(to).kind == FrameKind::progress);
  source.session.send(FrameKind::credit, from, credit_payload(1));
  const Frame end = source.session.next_of(from);
  REQUIRE(end.kind == FrameKind::end);
  target.session.send(FrameKind::end, to, end.payload);
  StreamProgress last;
  for (;;) {
    const Frame frame = target.session.next_of(to);
    if (frame.kind == FrameKind::answer) break;
    REQUIRE(frame.kind == FrameKind::progress);
    last = parse_message<StreamProgress>(frame.payload);
  }
  CHECK(last.done == last.total);
  CHECK(last.done == Bytes{bytes.size()});
  CHECK((content(directory + "/blobs/sha256/" + posix::Sha256::of(bytes)) == bytes));
  // One stream.
  CHECK(thrown_by([&] { target.session.call(WriteLayout{directory, Bytes{1}, "m1"}); }).kind == ErrorKind::not_found);
  CHECK(thrown_by([&] {
          source.session.call(EnterPassage{"m1", opening.ends.ends, opening.ends.fingerprint});
        }).kind == ErrorKind::not_found);
}

TEST_CASE("nothing is sent before ms2m says so", "[node_program]") {
  Node source;
  const std::string path = source.place.kubelet + "/checkpoints/checkpoint-p_n-c-2026-11-21T21:21:02Z.tar";
  put(path, "abc");
  const PassageKey key = source.session.call(OfferPassage{"m1"});
  const tls::Identity own;
  const auto listening = tls::listen_at(kHere, 0);
  const std::uint16_t port = tls::port_of(listening);
  const auto entering = source.session.begin(EnterPassage{"m1", {{kHere, port}}, own.fingerprint()});
  std::vector<posix::UniqueFd> sockets;
  sockets.emplace_back(::dup(listening.get()));
  const auto target = tls::Door(std::move(sockets), own, key.fingerprint).admit(soon());
  source.session.finish<EnterPassage>(entering);
  const auto from = source.session.begin(ReadArchive{path, Round::none, "", PassageUse{"m1", Bytes{10}}});
  CHECK(source.session.next_of(from).kind == FrameKind::progress);
  std::string bytes(16, '\0');
  CHECK_THROWS_AS(target->receive(bytes, StopToken().within(Millis{200})), Error);
  source.session.send(FrameKind::credit, from, credit_payload(1));
  // A fourth of a second's worth at a time.
  CHECK(target->receive(bytes, soon()) == 2);
  CHECK(bytes.substr(0, 2) == "ab");
  CHECK(target->receive(bytes, soon()) == 1);
  CHECK(target->receive(bytes, soon()) == 0);
  CHECK(source.session.next_of(from).kind == FrameKind::end);
}

TEST_CASE("a stream that is not what was promised leaves nothing", "[node_program]") {
  const std::string bytes = some_bytes();
  const Bytes size{bytes.size()};
  std::string corrupted = bytes, reordered = bytes;
  corrupted[100'000] = static_cast<char>(corrupted[100'000] ^ 1);
  std::swap(reordered[200'000], reordered[300'001]);
  REQUIRE(reordered != bytes);
  for (const auto& [what, sent, said] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"corrupted", corrupted, "not what was sent"},
           {"reordered", reordered, "not what was sent"},
           {"lengthened", bytes + "x", "more than 3000000 bytes"},
           {"shortened", bytes.substr(1), "2999999 of 3000000 bytes"}}) {
    INFO(what);
    Arriving node;
    const auto channel = node.begin(size);
    std::thread sender([&, text = sent] {
      try {
        node.source->send(text, soon());
        node.source->end(soon());
      } catch (const Error&) {  // it was given up
      }
    });
    node.session.send(FrameKind::end, channel, print_message(end_of(bytes)));
    const Thrown error = thrown_by([&] { node.session.finish<WriteLayout>(channel); });
    sender.join();
    CHECK(error.kind == ErrorKind::failed);
    CHECK_THAT(error.text, Contains(said));
    CHECK(node.holds_nothing());
  }
}

TEST_CASE("a stream that is cut leaves nothing", "[node_program]") {
  const std::string bytes = some_bytes();
  for (const std::size_t sent : {std::size_t{0}, bytes.size() / 2, bytes.size()}) {
    Arriving node;
    const auto channel = node.begin(Bytes{bytes.size()});
    node.session.send(FrameKind::end, channel, print_message(end_of(bytes)));
    node.source->send(bytes.substr(0, sent), soon());
    node.source.reset();  // without an end
    const Thrown error = thrown_by([&] { node.session.finish<WriteLayout>(channel); });
    CHECK(error.kind == ErrorKind::unavailable);
    CHECK_THAT(error.text, Contains("closed without an end"));
    CHECK(node.holds_nothing());
  }
}

TEST_CASE("what comes through ms2m is none of a stream that goes through a passage", "[node_program]") {
  Arriving node;
  const auto channel = node.begin(Bytes{3});
  node.session.send(FrameKind::data, channel, "abc");
  CHECK(node.session.wait().code == 3);  // a breach of the protocol
  CHECK(becomes_true([&] { return node.holds_nothing(); }));
}

TEST_CASE("a stranger does not come in, and is told of", "[node_program]") {
  Node target;
  const tls::Identity own, stranger;
  Opening opening(target.session, own.fingerprint());
  const auto silent =
      tls::connect_to(kHere, static_cast<std::uint16_t>(opening.ends.ends[0].port), std::chrono::seconds(30), soon());
  const auto other = enter(opening.ends, stranger, opening.ends.fingerprint);
  std::string bytes(16, '\0');
  CHECK_THROWS_AS(other->receive(bytes, soon()), Error);
  CHECK_THROWS_AS(enter(opening.ends, own, stranger.fingerprint()), Error);
  CHECK_NOTHROW(enter(opening.ends, own, opening.ends.fingerprint));
  CHECK(opening.opened().strangers == 2);
  // It is shut then.
  CHECK_THROWS_AS(enter(opening.ends, own, opening.ends.fingerprint), Error);
}

TEST_CASE("where only strangers come, that is told in the end", "[node_program]") {
  Node target;
  const tls::Identity stranger;
  Opening opening(target.session, std::string(64, 'a'));
  enter(opening.ends, stranger, opening.ends.fingerprint);
  const Thrown nobody = thrown_by([&] { opening.opened(); });
  CHECK(nobody.kind == ErrorKind::timeout);
  CHECK_THAT(nobody.text, Contains("1 came with another certificate"));
}

TEST_CASE("who is not let in is told why, with the address", "[node_program]") {
  Node source, target;
  const PassageKey key = source.session.call(OfferPassage{"m1"});
  const DeafPort deaf;
  const std::uint16_t port = deaf.number;
  const std::string peer(64, 'a');
  const Thrown refused = thrown_by([&] { source.session.call(EnterPassage{"m1", {{kHere, port}}, peer}); });
  CHECK(refused.kind == ErrorKind::unavailable);
  CHECK_THAT(refused.text, Contains("connecting to 127.0.0.1:" + std::to_string(port) + ": Connection refused"));

  source.session.call(OfferPassage{"m1"});
  const Opening opening(target.session, key.fingerprint);
  const Thrown other = thrown_by([&] { source.session.call(EnterPassage{"m1", opening.ends.ends, peer}); });
  CHECK(other.kind == ErrorKind::forbidden);
  CHECK_THAT(other.text, Contains("another certificate"));
  const Thrown nowhere = thrown_by([&] { target.session.call(OpenPassage{"m2", {"192.0.2.1"}, 0, peer}); });
  CHECK(nowhere.kind == ErrorKind::unavailable);
  CHECK_THAT(nowhere.text, Contains("listening on 192.0.2.1:0"));
}

TEST_CASE("a request that is given up, or a session that ends, shuts the door", "[node_program]") {
  Node target;
  const tls::Identity own;
  Opening opening(target.session, own.fingerprint());
  target.session.send(FrameKind::cancel, opening.channel);
  CHECK(thrown_by([&] { opening.opened(); }).cancelled);
  CHECK_THROWS_AS(enter(opening.ends, own, opening.ends.fingerprint), Error);

  Opening again(target.session, own.fingerprint());
  const auto connection = enter(again.ends, own, again.ends.fingerprint);
  again.opened();
  target.session.close();
  target.session.wait();
  std::string bytes(16, '\0');
  CHECK_THROWS_AS(connection->receive(bytes, soon()), Error);
}

TEST_CASE("a passage that is dropped, and what is none", "[node_program]") {
  Arriving node;
  CHECK(node.session.call(DropPassage{"m1"}).found);
  CHECK_FALSE(node.session.call(DropPassage{"m1"}).found);
  CHECK(thrown_by([&] {
          node.session.call(WriteLayout{node.directory, Bytes{1}, "m1"});
        }).kind == ErrorKind::not_found);
  CHECK(thrown_by([&] { node.session.call(OfferPassage{"../etc"}); }).kind == ErrorKind::usage);
  CHECK(thrown_by([&] { node.session.call(OpenPassage{"m1", {kHere}, 0, "ab"}); }).kind == ErrorKind::usage);
  CHECK(thrown_by([&] {
          node.session.call(OpenPassage{"m1", {"worker-2"}, 0, std::string(64, 'a')});
        }).kind == ErrorKind::usage);
  CHECK(thrown_by([&] {
          node.session.call(OpenPassage{"m1", {kHere}, 70'000, std::string(64, 'a')});
        }).kind == ErrorKind::usage);
}
