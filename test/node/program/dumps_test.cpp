// A container's checkpoint by its own runtime: a stand-in for that, which does to the container's control group what
// CRIU does, and a process on an overlay.
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "control_groups.hpp"
#include "session.hpp"
#include "support/catch.hpp"
#include "wrap/posix/sha256.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;
using Catch::Contains;

namespace {

/// At its end it freezes again what was frozen when it began. Waits for the file `go` when there is one called `wait`.
constexpr const char* kRuntime = R"(#!/bin/sh
here=$(dirname "$0")
echo "$@" >"$here/asked"
while [ $# -gt 0 ]; do
  case $1 in --image-path) images=$2;; --work-path) work=$2;; esac
  shift
done
cat "$here/group/cgroup.freeze" "$here/group/freezer.state" 2>/dev/null >"$here/state"
while [ -e "$here/wait" ] && [ ! -e "$here/go" ]; do sleep 0.01; done
[ ! -e "$here/group/cgroup.freeze" ] || echo 1 >"$here/group/cgroup.freeze"
[ ! -e "$here/group/freezer.state" ] || echo FROZEN >"$here/group/freezer.state"
if [ -e "$here/fails" ]; then
  printf 'Error (a): the cause\nWarn\nError (b): Dumping FAILED.\n' >"$work/dump.log"
  echo 'crun: it failed' >&2
  exit 1
fi
echo inventory >"$images/inventory.img"
head -c 3000000 /dev/zero >"$images/pages-1.img"
printf '\012\015freezer.state\022\006FROZEN' >"$images/cgroup.img"
)";

/// A container on an overlay, in a control group; crun, and what it keeps of that.
struct Dumped {
  Dumped() : container(trees.found.front(), "crio-" + kId + ".scope", "", overlay()) {
    runtime = place.system + "/usr/libexec/crio";
    put(runtime + "/crun", kRuntime);
    REQUIRE(::chmod((runtime + "/crun").c_str(), 0755) == 0);
    group = trees.found.front() / ("crio-" + kId + ".scope");
    fs::create_directory_symlink(group, runtime + "/group");
    const std::string first = content(files.path() / "pid");
    put(place.system + "/run/crun/" + kId + "/status", R"({"pid": )" + first.substr(0, first.find('\n')) + "}");
  }
  /// A shell on it beside the one that counts.
  std::string overlay() const {
    const std::string at = files.path().string();
    for (const char* each : {"upper", "work", "merged"}) fs::create_directories(files.path() / each);
    return "unshare -m sh -c 'mount -t overlay -o lowerdir=/,upperdir=" + at + "/upper,workdir=" + at +
           "/work overlay " + at + "/merged && echo changed >" + at + "/merged/changed && echo $$ >" + at +
           "/pid && exec chroot " + at + "/merged sleep 1000' & until [ -e " + at + "/pid ]; do sleep 0.01; done;";
  }
  Session& session() {
    if (!session_) {
      session_ = std::make_unique<Session>(program_on(place, trees.found.front()));
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
  void go() const { put(runtime + "/go", ""); }
  bool frozen() const {
    return content(group / "cgroup.freeze") == "1\n" || content(group / "freezer.state") == "FROZEN\n";
  }
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

  Trees trees;
  Place place;
  posix::TempDir files{"ms2m-dumped-", "/dev/shm"};  // an overlay's upper directory is on no other overlay
  Container container;
  std::string runtime;
  fs::path group;

 private:
  std::unique_ptr<Session> session_;
};

}  // namespace

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
  Session other(program_on(dumped.place, dumped.trees.found.front()));
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
  CHECK_THAT(error.text, Contains("exit status 1: Error (a): the cause; Error (b): Dumping FAILED."));
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
  CHECK_FALSE(dumped.container.counts(Millis{200}));  // thawed now, it would be frozen again by CRIU
  dumped.go();
  CHECK(becomes_true([&] { return fs::exists(dumped.place.layouts + "/dumps/m1/checkpoint/cgroup.img"); }));
  CHECK(becomes_true([&] { return !dumped.frozen(); }));
  CHECK(dumped.container.counts());

  Session next(program_on(dumped.place, dumped.trees.found.front()));
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
  Session other(program_on(dumped.place, dumped.trees.found.front()));
  other.hello();
  CHECK(thrown_by([&] { other.call(DumpContainer{"m2", kId}); }).kind == ErrorKind::conflict);
  CHECK(dumped.frozen());
  CHECK(dumped.session().call(Thaw{kId}).found);
  CHECK(dumped.container.counts());
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
