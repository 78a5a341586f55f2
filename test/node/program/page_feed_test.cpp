// Pages for a restore: what comes before it is asked for is kept, and whoever asks stands still until it is answered.
#include <sys/socket.h>

#include "node/criu/page_frames.hpp"
#include "node/restore/page_socket.hpp"
#include "restoring.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;
using Catch::Contains;

namespace {

constexpr std::size_t kPage = 4096;

std::string pages_from(const PageRun& run, char what) {
  return print_frame({PageFrame::kPages, run}) + std::string(run.pages * kPage, what);
}

/// A restore whose CRIU is a process that does nothing, and says what the test says.
struct Fed : Restoring {
  explicit Fed(bool lazy = false) {
    session.call(prepare());
    channel = session.begin(FeedPages{kRestore, false, lazy});
    session.send(FrameKind::credit, channel, credit_payload(1u << 20));
    REQUIRE(session.next_of(channel).kind == FrameKind::progress);
    const RestorePlace at = record();
    socket = enter_for_pages(at.directory());
    show_process(socket.get(), criu.pidfd());
    REQUIRE(session.next_of(channel).kind == FrameKind::credit);
  }
  void ask(const PageRun& run) {
    const std::string frame = print_frame({PageFrame::kGet, run});
    REQUIRE(::send(socket.get(), frame.data(), frame.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(frame.size()));
  }
  /// What CRIU is given next; "": the end.
  std::string given(std::size_t size) {
    constexpr timeval kLimit{10, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kLimit, sizeof kLimit);
    std::string bytes(size, '\0');
    const ssize_t got = ::recv(socket.get(), bytes.data(), size, MSG_WAITALL);
    REQUIRE(got >= 0);
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  }
  void come(const PageRun& run, char what) { session.send(FrameKind::data, channel, pages_from(run, what)); }
  char state() const {
    const std::string stat = content("/proc/" + std::to_string(criu.pid()) + "/stat");
    return stat.at(stat.rfind(')') + 2);
  }
  bool becomes(char which) const {
    return becomes_true([&] { return state() == which; });
  }
  static posix::ProcessSpec idle() {
    posix::ProcessSpec spec;
    spec.argv = {"sleep", "1000"};
    return spec;
  }
  posix::Child criu{idle()};
  posix::UniqueFd socket;
  std::uint32_t channel = 0;
};

}  // namespace

TEST_CASE("pages are kept until they are asked for; whoever asks stands still until they are there", "[node_program]") {
  Fed fed;
  fed.ask({1, 0x500000, 1});  // what the copy touches while it is restored
  CHECK(fed.session.next_of(fed.channel).payload == print_frame({PageFrame::kWanted, {1, 0x500000, 1}}));
  CHECK(fed.becomes('S'));
  fed.come({1, 0x500000, 1}, 'x');
  CHECK(fed.given(PageFrame::kSize + kPage) == pages_from({1, 0x500000, 1}, 'x'));
  CHECK(fed.becomes('S'));

  fed.ask({1, 0x400000, 2});
  const Frame wish = fed.session.next_of(fed.channel);
  CHECK(wish.payload == print_frame({PageFrame::kWanted, {1, 0x400000, 2}}));
  CHECK(fed.becomes('T'));
  fed.come({1, 0x400000, 1}, 'a');
  fed.come({1, 0x402000, 1}, 'c');
  fed.come({1, 0x401000, 1}, 'b');
  CHECK(fed.given(PageFrame::kSize) == print_frame({PageFrame::kPages, {1, 0x400000, 2}}));
  CHECK(fed.given(2 * kPage) == std::string(kPage, 'a') + std::string(kPage, 'b'));
  CHECK(fed.becomes('S'));

  fed.ask({1, 0x402000, 1});  // is there
  CHECK(fed.given(PageFrame::kSize + kPage) == pages_from({1, 0x402000, 1}, 'c'));
  fed.ask({1, 0x400000, 1});  // for a process that the copy has forked
  CHECK(fed.session.next_of(fed.channel).payload == print_frame({PageFrame::kGet, {1, 0x400000, 1}}));
  CHECK(fed.becomes('T'));
  fed.come({1, 0x400000, 1}, 'a');
  CHECK(fed.given(PageFrame::kSize + kPage) == pages_from({1, 0x400000, 1}, 'a'));

  fed.socket.reset();
  CHECK(fed.session.finish<FeedPages>(fed.channel).bytes == Bytes{5 * kPage});
  CHECK(fed.becomes('S'));
}

TEST_CASE("whoever asks for the pages of a copy that runs never stands still", "[node_program]") {
  Fed fed(true);
  CHECK(fed.record().read()->lazy);
  fed.ask({1, 0x400000, 2});
  REQUIRE(fed.session.next_of(fed.channel).payload == print_frame({PageFrame::kWanted, {1, 0x400000, 2}}));
  fed.come({1, 0x400000, 1}, 'a');  // not all of it: what is wanted next need not wait for the rest
  CHECK(fed.given(PageFrame::kSize + kPage) == pages_from({1, 0x400000, 1}, 'a'));
  fed.ask({1, 0x500000, 1});
  CHECK(fed.session.next_of(fed.channel).payload == print_frame({PageFrame::kWanted, {1, 0x500000, 1}}));
  CHECK(fed.becomes('S'));
  fed.come({1, 0x500000, 1}, 'x');
  CHECK(fed.given(PageFrame::kSize + kPage) == pages_from({1, 0x500000, 1}, 'x'));
  SECTION("all of it is there") {
    fed.record().change([](Record& record) { record.state = RestoreState::taken; });
    fed.record().change([](Record& record) { record.complete = true; });
    fed.socket.reset();
    CHECK(fed.session.finish<FeedPages>(fed.channel).bytes == Bytes{2 * kPage});
  }
  SECTION("whoever asked has failed") {
    fed.record().change([](Record& record) {
      record.state = RestoreState::taken;
      record.failure = "the pages went";
    });
    fed.socket.reset();
    CHECK(thrown_by([&] { fed.session.finish<FeedPages>(fed.channel); }).text == "the pages went");
  }
}

TEST_CASE("whoever asked for pages goes on when none come any more", "[node_program]") {
  Fed fed;
  fed.ask({1, 0x400000, 2});
  REQUIRE(fed.becomes('T'));
  CHECK_FALSE(fed.record().read()->lazy);
  SECTION("their stream ends") {
    fed.session.send(FrameKind::end, fed.channel, print_message(StreamEnd{}));
    CHECK(fed.given(1).empty());
  }
  SECTION("what comes is no page") {
    fed.session.send(FrameKind::data, fed.channel, std::string(PageFrame::kSize, 'x'));
    CHECK_THAT(thrown_by([&] { fed.session.finish<FeedPages>(fed.channel); }).text, Contains("not understood"));
  }
  SECTION("the request is given up") {
    fed.session.send(FrameKind::cancel, fed.channel);
    CHECK(thrown_by([&] { fed.session.finish<FeedPages>(fed.channel); }).cancelled);
  }
  SECTION("the session ends") { fed.session.close(); }
  CHECK(fed.becomes('S'));
}

TEST_CASE("who does not say which process asks gets no pages", "[node_program]") {
  Restoring node;
  node.session.call(node.prepare());
  const auto channel = node.session.begin(FeedPages{kRestore});
  REQUIRE(node.session.next_of(channel).kind == FrameKind::progress);
  const RestorePlace at = node.record();
  const posix::UniqueFd socket = enter_for_pages(at.directory());
  REQUIRE(::send(socket.get(), "x", 1, MSG_NOSIGNAL) == 1);
  CHECK_THAT(thrown_by([&] { node.session.finish<FeedPages>(channel); }).text, Contains("which process"));
}
