// A container's checkpoint by its own runtime: a stand-in for that, which does to the container's control group what
// CRIU does, and a process on an overlay.
#include <fcntl.h>
#include <unistd.h>

#include "dumped.hpp"
#include "node/criu/page_frames.hpp"
#include "session.hpp"
#include "support/catch.hpp"
#include "wrap/posix/sha256.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;
using Catch::Contains;
using Catch::EndsWith;

namespace {

/// It, and the program that dumps it.
struct Dumped {
  Place place;
  DumpedContainer dumped{place.system + "/usr/libexec/crio", place.system + "/run/crun"};
  Container& container = dumped.container;
  const std::string& runtime = dumped.runtime;
  Session& session() {
    if (!session_) {
      session_ = std::make_unique<Session>(program_on(place, dumped.trees.found.front()));
      session_->hello();
    }
    return *session_;
  }
  std::uint32_t begin_and_wait() {
    put(runtime + "/wait", "");
    fs::remove(runtime + "/state");
    const auto channel = session().begin(DumpContainer{"m1", kId});
    REQUIRE(becomes_true([&] { return fs::exists(runtime + "/state"); }));
    return channel;
  }
  void go() const { dumped.go(); }
  bool frozen() const { return dumped.frozen(); }
  bool nothing_stays() const { return !fs::exists(place.layouts); }
  std::string read() {
    const auto channel = session().begin(ReadDump{"m1"});
    session().send(FrameKind::credit, channel, credit_payload(1u << 30));
    std::string bytes;
    Bytes total;
    for (;;) {
      const Frame frame = session().next_of(channel);
      if (frame.kind == FrameKind::progress) total = parse_message<StreamProgress>(frame.payload).total;
      if (frame.kind == FrameKind::data) bytes += frame.payload;
      if (frame.kind == FrameKind::error) throw_error(frame.payload);
      if (frame.kind != FrameKind::answer) continue;
      const auto end = parse_message<StreamEnd>(frame.payload);
      CHECK(end.bytes == Bytes{bytes.size()});
      CHECK(total == end.bytes);
      CHECK(end.sha256 == posix::Sha256::of(bytes));
      return bytes;
    }
  }

 private:
  std::unique_ptr<Session> session_;
};

/// CRIU's page server needs it; a machine may not let us.
bool large_pipes() {
  const posix::Pipe pipe = posix::make_pipe();
  return ::fcntl(pipe.read.get(), F_SETPIPE_SZ, 4 << 20) >= 4 << 20;
}

/// One whose pages are kept back, where they can be.
struct Served : Dumped {
  Served() { put(place.system + "/etc/criu/crun.conf", "tcp-close"); }
  bool takes(std::uint64_t limit_ms = 60'000) {
    if (::geteuid() != 0) return false;
    if (large_pipes()) {
      session().call(DumpContainer{"m1", kId, limit_ms});
      return true;
    }
    const Thrown error = thrown_by([&] { session().call(DumpContainer{"m1", kId, limit_ms}); });
    CHECK(error.kind == ErrorKind::refused);
    CHECK_THAT(error.remedy, Contains("fs.pipe-max-size=4194304"));
    CHECK(container.counts());
    return false;
  }
  /// Its channel, when it may be told something.
  std::uint32_t begin_serving() {
    const auto channel = session().begin(ServePages{"m1"});
    session().send(FrameKind::credit, channel, credit_payload(1u << 20));
    REQUIRE(session().next_of(channel).kind == FrameKind::progress);
    REQUIRE(session().next_of(channel).kind == FrameKind::credit);
    return channel;
  }
  /// The next page that comes, and whose it is.
  PageRun next_page(std::uint32_t channel) {
    constexpr std::size_t kSize = PageFrame::kSize + 4096;
    while (come_.size() < kSize) {
      const Frame frame = session().next_of(channel);
      if (frame.kind == FrameKind::error) throw_error(frame.payload);
      REQUIRE(frame.kind == FrameKind::data);
      come_ += frame.payload;
    }
    const PageFrame page = parse_frame(std::string_view(come_).substr(0, PageFrame::kSize));
    CHECK(page.command == PageFrame::kPages);
    CHECK(come_.substr(PageFrame::kSize, 4096) == std::string(4096, 'p'));
    come_.erase(0, kSize);
    return page.run;
  }

 private:
  std::string come_;
};

}  // namespace

TEST_CASE(
    "pages that are kept back: the container stands still until they were fetched, and its CRIU has settings of "
    "its own",
    "[node_program]") {
  Served dumped;
  if (!dumped.takes()) return;
  CHECK(dumped.container.stands(Millis{200}));
  CHECK(dumped.read().find("checkpoint/inventory.img") != std::string::npos);
  const std::string settings = content(dumped.runtime + "/settings");
  CHECK(settings.starts_with("tcp-close\nlazy-pages\nps-socket "));
  CHECK(content(dumped.place.system + "/etc/criu/crun.conf") == "tcp-close");  // nobody else's

  auto& session = dumped.session();
  const auto channel = dumped.begin_serving();
  // All of them, without a word, and however CRIU cuts them.
  CHECK(dumped.next_page(channel) == PageRun{1, 0x400000, 1});
  CHECK(dumped.next_page(channel) == PageRun{1, 0x401000, 1});
  // One once more, and nothing for a wish that was fulfilled.
  session.send(FrameKind::data, channel, print_frame({PageFrame::kWanted, {1, 0x400000, 2}}));
  session.send(FrameKind::data, channel, print_frame({PageFrame::kGet, {1, 0x401000, 1}}));
  CHECK(dumped.next_page(channel) == PageRun{1, 0x401000, 1});
  CHECK(thrown_by([&] { session.call(ServePages{"m1"}); }).kind == ErrorKind::conflict);
  CHECK(dumped.container.stands(Millis{200}));
  session.send(FrameKind::end, channel, print_message(StreamEnd{}));
  CHECK(session.finish<ServePages>(channel).bytes == Bytes{3 * (4096 + PageFrame::kSize)});
  CHECK(dumped.container.counts());
  CHECK(session.call(RemoveDump{"m1"}).found);
  CHECK(dumped.nothing_stays());
}

TEST_CASE("pages that nobody fetches: the container runs when the dump, the session or its time is over",
          "[node_program]") {
  for (const std::string what : {"dump", "session", "time", "program", "request"}) {
    INFO(what);
    Served dumped;
    if (!dumped.takes(what == "time" ? 2000 : 60'000)) return;
    auto& session = dumped.session();
    if (what == "dump") CHECK(session.call(RemoveDump{"m1"}).found);
    if (what == "session") session.close();
    if (what == "program") session.child.signal_group(SIGKILL);
    if (what == "request") session.send(FrameKind::cancel, session.begin(ServePages{"m1"}));
    CHECK(dumped.container.counts());
    CHECK_FALSE(dumped.frozen());
    if (what == "session" || what == "program") session.wait();
  }
}

TEST_CASE("a page server that fails says why, and the container runs", "[node_program]") {
  Served dumped;
  if (!dumped.takes()) return;
  auto& session = dumped.session();
  put(dumped.runtime + "/serves-not", "");
  const auto channel = dumped.begin_serving();
  const Thrown error = thrown_by([&] { session.finish<ServePages>(channel); });
  CHECK_THAT(error.text, EndsWith("exit status 1: Error (c): it was asked for nonsense"));
  CHECK(dumped.container.counts());
}

TEST_CASE("wishes for pages that are none end the dump, and the container runs", "[node_program]") {
  Served dumped;
  if (!dumped.takes()) return;
  auto& session = dumped.session();
  const auto channel = dumped.begin_serving();
  session.send(FrameKind::data, channel, std::string(PageFrame::kSize, 'x'));
  CHECK_THAT(thrown_by([&] { session.finish<ServePages>(channel); }).text, Contains("not understood"));
  CHECK(dumped.container.counts());
}

TEST_CASE("pages cannot be kept back where CRIU's settings are not to be had", "[node_program]") {
  Served dumped;
  fs::remove(dumped.place.system + "/etc/criu/crun.conf");
  if (::geteuid() != 0 || !large_pipes()) return;
  const Thrown error = thrown_by([&] { dumped.session().call(DumpContainer{"m1", kId, 1000}); });
  CHECK(error.kind == ErrorKind::refused);
  CHECK(error.remedy == "ms2m node setup NODE");
  CHECK(dumped.container.counts());
  CHECK(dumped.nothing_stays());
}

TEST_CASE("a dump, its archive, and its end", "[node_program]") {
  if (::geteuid() != 0) return;
  Dumped dumped;
  const auto taken = dumped.session().call(DumpContainer{"m1", "cri-o://" + kId});
  CHECK_FALSE(dumped.frozen());
  CHECK(dumped.container.counts());
  CHECK_THAT(content(dumped.runtime + "/state"), Contains("1") || Contains("FROZEN"));  // it stood still
  const std::string at = dumped.place.layouts + "/dumps/m1";
  CHECK(content(dumped.runtime + "/asked") == "--root " + dumped.place.system +
                                                  "/run/crun checkpoint --file-locks --leave-running --image-path " +
                                                  at + "/checkpoint --work-path " + at + "/work " + kId + "\n");
  CHECK((fs::status(at).permissions() & fs::perms::mask) == fs::perms::owner_all);
  const std::string archive = dumped.read();
  CHECK(taken.bytes == Bytes{archive.size()});
  for (const char* each : {"checkpoint/inventory.img", "checkpoint/pages-1.img", "rootfs-diff.tar", "changed\n"})
    CHECK(archive.find(each) != std::string::npos);
  CHECK(archive.find("freezer.state\x12\x06THAWED") != std::string::npos);  // the copy is to run
  CHECK(dumped.read() == archive);

  CHECK(thrown_by([&] { dumped.session().call(DumpContainer{"m1", kId}); }).kind == ErrorKind::conflict);
  CHECK(fs::exists(at));
  Session other(program_on(dumped.place, dumped.dumped.trees.found.front()));
  other.hello();
  CHECK(thrown_by([&] { other.call(ReadDump{"m1"}); }).kind == ErrorKind::not_found);
  CHECK(other.call(RemoveDump{"m1"}).found);
  CHECK_FALSE(other.call(RemoveDump{"m1"}).found);
  CHECK(dumped.nothing_stays());
  CHECK(thrown_by([&] { dumped.read(); }).text != "nothing was thrown");
}

TEST_CASE("a dump goes with its session", "[node_program]") {
  if (::geteuid() != 0) return;
  Dumped dumped;
  dumped.session().call(DumpContainer{"m1", kId});
  dumped.session().close();
  CHECK(dumped.session().wait().ok());
  CHECK(dumped.nothing_stays());
  CHECK(dumped.container.counts());
}

TEST_CASE("a dump that fails leaves nothing, and says why", "[node_program]") {
  if (::geteuid() != 0) return;
  Dumped dumped;
  put(dumped.runtime + "/fails", "");
  const Thrown error = thrown_by([&] { dumped.session().call(DumpContainer{"m1", kId}); });
  CHECK(error.kind == ErrorKind::failed);
  CHECK_THAT(error.text, EndsWith("exit status 1: Error (a): the cause"));
  CHECK(dumped.nothing_stays());
  CHECK_FALSE(dumped.frozen());
  CHECK(dumped.container.counts());
}

TEST_CASE("a dump that is given up comes to its end first, and leaves nothing", "[node_program]") {
  if (::geteuid() != 0) return;
  Dumped dumped;
  const auto channel = dumped.begin_and_wait();
  dumped.session().send(FrameKind::cancel, channel);
  const auto removal = dumped.session().begin(RemoveDump{"m1"});
  CHECK_NOTHROW(dumped.session().call(ListArchives{dumped.place.kubelet + "/checkpoints", "n", "p", "c"}));
  CHECK(dumped.frozen());
  dumped.go();
  CHECK_FALSE(dumped.session().finish<RemoveDump>(removal).found);
  CHECK(becomes_true([&] { return !dumped.frozen() && dumped.nothing_stays(); }));
  CHECK(dumped.container.counts());
}

TEST_CASE("a program that is killed in the middle of a dump: the container runs when the dump has ended",
          "[node_program]") {
  if (::geteuid() != 0) return;
  Dumped dumped;
  dumped.begin_and_wait();
  dumped.session().child.signal_group(SIGKILL);
  dumped.session().wait();
  CHECK(dumped.container.stands(Millis{200}));  // thawed now, it would be frozen again by CRIU
  dumped.go();
  CHECK(becomes_true([&] { return fs::exists(dumped.place.layouts + "/dumps/m1/checkpoint/cgroup.img"); }));
  CHECK(becomes_true([&] { return !dumped.frozen(); }));
  CHECK(dumped.container.counts());

  Session next(program_on(dumped.place, dumped.dumped.trees.found.front()));
  next.hello();
  next.call(DumpContainer{"m2", kId});
  CHECK_FALSE(fs::exists(dumped.place.layouts + "/dumps/m1"));  // a leftover
}

TEST_CASE("a session that ends in the middle of a dump", "[node_program]") {
  if (::geteuid() != 0) return;
  Dumped dumped;
  dumped.begin_and_wait();
  dumped.session().close();
  CHECK_FALSE(dumped.session().child.wait_for(Millis{200}));
  dumped.go();
  dumped.session().wait();
  CHECK_FALSE(dumped.frozen());
  CHECK(dumped.nothing_stays());
  CHECK(dumped.container.counts());
}

TEST_CASE("what is frozen already: by this session it stays so, by others it is left alone", "[node_program]") {
  if (::geteuid() != 0) return;
  Dumped dumped;
  CHECK(dumped.session().call(freeze(60'000, AtEnd::thaw)).found);
  CHECK_NOTHROW(dumped.session().call(DumpContainer{"m1", kId}));
  CHECK(dumped.frozen());
  Session other(program_on(dumped.place, dumped.dumped.trees.found.front()));
  other.hello();
  CHECK(thrown_by([&] { other.call(DumpContainer{"m2", kId}); }).kind == ErrorKind::conflict);
  CHECK(dumped.frozen());
  CHECK(dumped.session().call(Thaw{kId}).found);
  CHECK(dumped.container.counts());
}

TEST_CASE("a container whose runtime has a group of its own below it", "[node_program]") {
  if (::geteuid() != 0) return;
  Place place;
  DumpedContainer dumped(place.system + "/usr/libexec/crio", place.system + "/run/crun", "container");
  Session session(program_on(place, dumped.trees.found.front()));
  session.hello();
  session.call(DumpContainer{"m1", kId});
  CHECK_THAT(content(dumped.runtime + "/state"),
             Contains("1") || Contains("FROZEN"));  // that of the runtime stood still
  CHECK_FALSE(dumped.frozen());
  CHECK(dumped.container.counts());
  // Frozen above, CRIU would wait for it in vain.
  REQUIRE(session.call(freeze(60'000, AtEnd::thaw)).found);
  CHECK(thrown_by([&] { session.call(DumpContainer{"m2", kId}); }).kind == ErrorKind::conflict);
  CHECK(session.call(Thaw{kId}).found);
  CHECK(dumped.container.counts());
}

TEST_CASE("a container whose monitor names its runtime, and where that keeps its state", "[node_program]") {
  if (::geteuid() != 0) return;
  Place place;
  DumpedContainer dumped(place.path("own"), place.path("state"));
  Session session(program_on(place, dumped.trees.found.front()));
  session.hello();
  CHECK(thrown_by([&] { session.call(DumpContainer{"m1", kId}); }).kind == ErrorKind::not_found);
  {
    const MonitorOf monitor(kId, dumped.program(), place.path("state"));
    REQUIRE(becomes_true([&] {
      return thrown_by([&] { session.call(DumpContainer{"m1", kId}); }).text == "nothing was thrown";
    }));
    CHECK(content(dumped.runtime + "/asked").starts_with("--root " + place.path("state") + " "));
    CHECK(session.call(RemoveDump{"m1"}).found);
  }
  // Our handler stands before the runtime that its settings name.
  put(place.system + "/etc/ms2m/runtime.json",
      R"({"version":1,"kind":"crun","root":"","runtime":")" + dumped.program() + "\"}");
  const MonitorOf monitor(kId, "/usr/libexec/ms2m/ms2m-runtime", place.path("state"));
  REQUIRE(becomes_true([&] {
    return thrown_by([&] { session.call(DumpContainer{"m1", kId}); }).text == "nothing was thrown";
  }));
}

TEST_CASE("containers that no runtime runs, and IDs that are none", "[node_program]") {
  Place place;
  Session session(place.program());
  session.hello();
  CHECK(thrown_by([&] { session.call(DumpContainer{"m1", kId}); }).kind == ErrorKind::not_found);
  put(place.system + "/run/runc/" + kId + "/state.json", R"({"init_process_pid": 1})");  // another one's by now
  CHECK(thrown_by([&] { session.call(DumpContainer{"m1", kId}); }).kind == ErrorKind::not_found);
  for (const char* text : {"", "[]", "{", R"({"init_process_pid": "x"})"}) {
    put(place.system + "/run/runc/" + kId + "/state.json", text);
    CHECK(thrown_by([&] { session.call(DumpContainer{"m1", kId}); }).kind == ErrorKind::not_found);
  }
  for (const char* bad : {"", "../m1", "M1", "dumps", "-x"}) {
    CHECK(thrown_by([&] { session.call(DumpContainer{bad, kId}); }).kind == ErrorKind::usage);
    CHECK(thrown_by([&] { session.call(RemoveDump{bad}); }).kind == ErrorKind::usage);
  }
  CHECK(thrown_by([&] { session.call(DumpContainer{"m1", "../x"}); }).kind == ErrorKind::usage);
  CHECK(thrown_by([&] { session.call(ReadDump{"m1"}); }).kind == ErrorKind::not_found);
  CHECK_FALSE(session.call(RemoveDump{"m1"}).found);
  CHECK_FALSE(fs::exists(place.layouts));
}
