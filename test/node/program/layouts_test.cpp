// Layouts, by requests: what is verified is there, anything else is not.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "node/program/packing.hpp"
#include "session.hpp"
#include "support/catch.hpp"
#include "wrap/posix/sha256.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

struct Layouts {
  Layouts() : session(place.program()) { session.hello(); }
  StreamEnd write(const std::string& bytes, StreamEnd meant, Bytes promised) {
    const auto channel = session.begin(WriteLayout{directory, promised});
    session.send_stream(channel, bytes, meant);
    return session.finish<WriteLayout>(channel);
  }
  StreamEnd write(const std::string& bytes) {
    return write(bytes, {Bytes{bytes.size()}, posix::Sha256::of(bytes)}, Bytes{bytes.size()});
  }
  Place place;
  std::string directory = place.layouts + "/m1";
  Session session;
};

mode_t mode_of(const std::string& path) {
  struct ::stat is {};
  REQUIRE(::lstat(path.c_str(), &is) == 0);
  return is.st_mode & 07777;
}

}  // namespace

TEST_CASE("a layer arrives, is verified and has its name", "[node_program]") {
  Layouts node;
  std::string bytes(9'000'000, 'x');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 + i / 257);
  const StreamEnd end = node.write(bytes);
  CHECK(end.bytes == Bytes{bytes.size()});
  const std::string file = node.directory + "/blobs/sha256/" + posix::Sha256::of(bytes);
  CHECK((content(file) == bytes));
  CHECK(mode_of(file) == 0600);
  for (const std::string& each : {node.directory, node.directory + "/blobs", node.directory + "/blobs/sha256"})
    CHECK(mode_of(each) == 0700);
  CHECK(end.sha256 == posix::Sha256::of(bytes));
  CHECK_NOTHROW(node.write(bytes));  // the same once more
  CHECK_NOTHROW(node.write(""));
  CHECK(node.session.call(RemoveLayout{node.directory}).found);
  CHECK_FALSE(fs::exists(node.place.layouts));  // it was the last
  CHECK_FALSE(node.session.call(RemoveLayout{node.directory}).found);
}

TEST_CASE("what is not what was sent leaves nothing", "[node_program]") {
  Layouts node;
  const std::string bytes(100'000, 'y'), digest = posix::Sha256::of(bytes);
  const Bytes size{bytes.size()};
  for (const auto& [meant, promised, said] : std::vector<std::tuple<StreamEnd, Bytes, std::string>>{
           {{size, posix::Sha256::of("other")}, size, "not what was sent"},
           {{Bytes{1}, digest}, size, "not what was sent"},
           {{size, "../../../../tmp/x"}, size, "not what was sent"},
           {{size, digest}, Bytes{size.count - 1}, "more than 99999 bytes"},
           {{size, digest}, Bytes{size.count + 1}, "100000 of 100001 bytes"}}) {
    const Thrown error = thrown_by([&, m = meant, p = promised] { node.write(bytes, m, p); });
    CHECK(error.kind == ErrorKind::failed);
    CHECK_THAT(error.text, Contains(said));
    CHECK_FALSE(fs::exists(node.place.layouts));
  }
}

TEST_CASE("a packed stream that is not what was sent leaves nothing", "[node_program][packing]") {
  const std::string plain(100'000, 'y'), other(50'000, 'n');
  Packer packer;
  const auto block = [&](const std::string& bytes) { return std::string(packer.compressed(bytes)); };
  const std::string packed = block(plain), bomb = block(std::string(kMaxBlock, '\0'));
  const auto said = [](std::string bytes, std::uint32_t size) {
    print_head({size, static_cast<std::uint32_t>(bytes.size() - BlockHead::kSize)})
        .copy(bytes.data(), BlockHead::kSize);
    return bytes;
  };
  const Bytes size{plain.size()};
  const StreamEnd meant{size, posix::Sha256::of(plain)};
  for (const auto& [what, bytes, why] : std::vector<std::tuple<const char*, std::string, const char*>>{
           {"cut", packed.substr(0, packed.size() - 1), "cut off in the middle of a block"},
           {"nothing of it", "", "0 of 100000 bytes"},
           {"lengthened by half a head", packed + "\1\2", "cut off in the middle of a block"},
           {"lengthened by a block", packed + block(other), "more than 100000 bytes"},
           {"another one", block(other) + block(other), "not what was sent"},
           {"damaged", packed.substr(0, 10) + std::string(packed.size() - 10, '\x7f'), "compressed stream is damaged"},
           {"no blocks", plain, "compressed stream is damaged"},
           {"more than it says", said(bomb, 100'000), "compressed stream is damaged"},
           {"more than was announced", bomb + bomb + bomb, "more than 100000 bytes"}}) {
    CAPTURE(what);
    Layouts node;
    const auto begun = [&, b = bytes, m = meant] {
      const auto channel = node.session.begin(WriteLayout{node.directory, m.bytes, "", true});
      node.session.send_stream(channel, b, m);
      node.session.finish<WriteLayout>(channel);
    };
    const Thrown error = thrown_by(begun);
    CHECK(error.kind == ErrorKind::failed);
    CHECK_THAT(error.text, Contains(why));
    CHECK_FALSE(fs::exists(node.place.layouts));
  }
  Layouts node;
  const auto channel = node.session.begin(WriteLayout{node.directory, size, "", true});
  node.session.send_stream(channel, packed, meant);
  CHECK(node.session.finish<WriteLayout>(channel).sha256 == meant.sha256);
}

TEST_CASE("a full disk is told before anything is sent", "[node_program]") {
  Layouts node;
  const auto channel = node.session.begin(WriteLayout{node.directory, Bytes{std::uint64_t{1} << 60}});
  const Frame first = node.session.next_of(channel);
  REQUIRE(first.kind == FrameKind::error);
  const Thrown error = thrown_by([&] { throw_error(first.payload); });
  CHECK(error.kind == ErrorKind::failed);
  CHECK_THAT(error.text, Contains("No space left on device") && Contains("needed"));
  CHECK_THAT(error.remedy, Contains("worker-1"));
  CHECK_FALSE(fs::exists(node.place.layouts));
}

TEST_CASE("a stream that is cut off leaves nothing, whatever cuts it", "[node_program]") {
  for (const char* how : {"cancel", "close", "term", "silence", "garbage"}) {
    INFO(how);
    const Place place;
    const std::string directory = place.layouts + "/m1";
    Session session(place.program());
    session.hello(std::string(how) == "silence" ? Millis{3000} : Millis{60000});
    const auto channel = session.begin(WriteLayout{directory, Bytes{1 << 20}});
    REQUIRE(session.next_of(channel).kind == FrameKind::credit);
    session.send(FrameKind::data, channel, std::string(200'000, 'z'));
    REQUIRE(becomes_true([&] {
      std::error_code error;
      return fs::file_size(directory + "/blobs/sha256/.partial", error) == 200'000;
    }));
    if (std::string(how) == "cancel") {
      session.send(FrameKind::cancel, channel);
      CHECK(thrown_by([&] { session.answer(channel); }).cancelled);
      CHECK_FALSE(fs::exists(place.layouts));
      session.close();
    }
    if (std::string(how) == "close") session.close();
    if (std::string(how) == "term") ::kill(session.child.pid(), SIGTERM);
    if (std::string(how) == "garbage") session.send_raw(std::string(100, '\xff'));
    session.wait();
    CHECK_FALSE(fs::exists(place.layouts));
  }
}

TEST_CASE("what was left by a program that was killed is in nobody's way", "[node_program]") {
  const Place place;
  const std::string directory = place.layouts + "/m1";
  Session killed(place.program());
  killed.hello();
  const auto channel = killed.begin(WriteLayout{directory, Bytes{1 << 20}});
  REQUIRE(killed.next_of(channel).kind == FrameKind::credit);
  killed.send(FrameKind::data, channel, std::string(200'000, 'z'));
  REQUIRE(becomes_true([&] { return fs::exists(directory + "/blobs/sha256/.partial"); }));
  ::kill(killed.child.pid(), SIGKILL);
  killed.wait();
  Session session(place.program());
  session.hello();
  const auto again = session.begin(WriteLayout{directory, Bytes{3}});
  session.send_stream(again, "abc", {Bytes{3}, posix::Sha256::of("abc")});
  CHECK_NOTHROW(session.answer(again));
  CHECK_FALSE(fs::exists(directory + "/blobs/sha256/.partial"));
  CHECK(content(directory + "/blobs/sha256/" + posix::Sha256::of("abc")) == "abc");
}

TEST_CASE("one writer at a time", "[node_program]") {
  Layouts node;
  const auto first = node.session.begin(WriteLayout{node.directory, Bytes{3}});
  REQUIRE(node.session.next_of(first).kind == FrameKind::credit);
  CHECK(thrown_by([&] { node.session.call(WriteLayout{node.directory, Bytes{3}}); }).kind == ErrorKind::conflict);
  node.session.send(FrameKind::data, first, "abc");
  node.session.send(FrameKind::end, first, print_message(StreamEnd{Bytes{3}, posix::Sha256::of("abc")}));
  CHECK_NOTHROW(node.session.answer(first));
}

TEST_CASE("a stream that nobody asked for ends the session", "[node_program]") {
  Layouts node;
  const auto channel = node.session.begin(ReadArchive{node.place.path("none")});
  put(node.place.path("checkpoints/checkpoint-p_n-c-2026-11-21T21:21:02Z.tar"), "x");
  CHECK(thrown_by([&] { node.session.answer(channel); }).kind == ErrorKind::refused);
  const auto reading =
      node.session.begin(ReadArchive{node.place.path("checkpoints/checkpoint-p_n-c-2026-11-21T21:21:02Z.tar")});
  node.session.send(FrameKind::data, reading, "x");
  CHECK_FALSE(node.session.wait().ok());
  CHECK_THAT(node.session.err, Contains("without credit"));
}

TEST_CASE("nothing is written or removed over a link", "[node_program]") {
  Layouts node;
  const std::string outside = node.place.path("outside");
  put(outside + "/blobs/sha256/x", "stays");
  fs::create_directories(node.place.layouts);
  fs::create_directory_symlink(outside, node.directory);
  CHECK(thrown_by([&] { node.write("abc"); }).kind == ErrorKind::refused);
  CHECK(node.session.call(RemoveLayout{node.directory}).found);  // the link
  CHECK(content(outside + "/blobs/sha256/x") == "stays");

  fs::create_directories(node.directory);
  fs::create_directory_symlink(outside + "/blobs", node.directory + "/blobs");
  CHECK(thrown_by([&] { node.write("abc"); }).kind == ErrorKind::refused);
  CHECK(node.session.call(RemoveLayout{node.directory}).found);
  CHECK(content(outside + "/blobs/sha256/x") == "stays");

  fs::create_directories(node.directory + "/blobs/sha256");
  fs::create_symlink(outside + "/blobs/sha256/x", node.directory + "/blobs/sha256/.partial");
  CHECK(thrown_by([&] { node.write("abc"); }).kind == ErrorKind::failed);
  CHECK(content(outside + "/blobs/sha256/x") == "stays");
  for (const char* bad : {"/etc", "/etc/x", "", "m1"}) {
    CHECK(thrown_by([&] { node.session.call(WriteLayout{bad, Bytes{1}}); }).kind == ErrorKind::refused);
    CHECK(thrown_by([&] { node.session.call(RemoveLayout{bad}); }).kind == ErrorKind::refused);
  }
  CHECK(thrown_by([&] { node.session.call(RemoveLayout{node.place.layouts + "/.."}); }).kind == ErrorKind::refused);
}

TEST_CASE("the root of layouts may be a link to a larger disk", "[node_program]") {
  Layouts node;
  fs::create_directories(node.place.path("large/ms2m"));
  fs::create_directory_symlink(node.place.path("large/ms2m"), node.place.layouts);
  CHECK_NOTHROW(node.write("abc"));
  CHECK(fs::exists(node.place.path("large/ms2m/m1/blobs/sha256/" + posix::Sha256::of("abc"))));
  CHECK(node.session.call(RemoveLayout{node.directory}).found);
  CHECK(fs::is_empty(node.place.path("large/ms2m")));
}

TEST_CASE("a layout begins while the last other one is removed", "[node_program]") {
  Layouts node;
  Session other(node.place.program());
  other.hello();
  const std::string gone = node.place.layouts + "/m2";
  const StreamEnd nothing{Bytes{0}, posix::Sha256::of("")};
  for (int round = 0; round < 200; ++round) {
    INFO(round);
    const auto there = other.begin(WriteLayout{gone, Bytes{0}});
    other.send_stream(there, "", nothing);
    other.finish<WriteLayout>(there);
    const auto removal = other.begin(RemoveLayout{gone});
    CHECK_NOTHROW(node.write(""));
    CHECK(other.finish<RemoveLayout>(removal).found);
    CHECK(node.session.call(RemoveLayout{node.directory}).found);
    CHECK_FALSE(fs::exists(node.place.layouts));
  }
}
