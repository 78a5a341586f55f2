// A restore's data, by requests: what is verified is there, anything else is not.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "node/restore/waiting.hpp"
#include "restoring.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;
using Catch::Contains;
using S = RestoreState;
namespace fs = std::filesystem;

namespace {

struct Writing : Restoring {
  Writing() { session.call(prepare()); }
  std::string path(const std::string& name) const { return place.layouts + "/" + kRestore + "/" + name; }
  /// Nothing of it is there, and it may come again.
  bool clean() const {
    const auto now = record().read();
    return !fs::exists(path("checkpoint")) && !fs::exists(path("rootfs-diff.tar")) &&
           !fs::exists(path("deleted.files")) && now->sha256.empty() && now->state == S::prepared;
  }
  Thrown refusal(const std::string& bytes) {
    const Thrown error = thrown_by([&] { write(bytes); });
    CHECK(clean());
    return error;
  }
};

std::string large(std::size_t size) {
  std::string bytes(size, 'x');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 257);
  return bytes;
}

mode_t mode_of(const std::string& path) {
  struct ::stat is {};
  REQUIRE(::lstat(path.c_str(), &is) == 0);
  return is.st_mode & 07777;
}

}  // namespace

TEST_CASE("a checkpoint arrives unpacked, is verified, and may be used once its digest is named", "[node_program]") {
  Writing node;
  const std::string pages = large(9'000'001), changes = large(70'000);
  TarWriter tar = Restoring::archive();
  tar.file("stats-dump", "s").file("spec.dump", large(20'000)).file("checkpoint/pages-1.img", pages);
  tar.file("rootfs-diff.tar", changes).file("deleted.files", "[]").directory("more/").file("more/log", "l");
  tar.symlink("latest", "/etc").file("container.log", "");
  const std::string bytes = tar.str(), digest = posix::Sha256::of(bytes);
  const StreamEnd end = node.write(bytes);
  CHECK(end.bytes == Bytes{bytes.size()});
  CHECK(end.sha256 == digest);
  CHECK((content(node.path("checkpoint/pages-1.img")) == pages));
  CHECK(content(node.path("checkpoint/inventory.img")) == "i");
  CHECK((content(node.path("rootfs-diff.tar")) == changes));
  CHECK(content(node.path("deleted.files")) == "[]");
  CHECK(mode_of(node.path("checkpoint")) == 0700);
  for (const char* name : {"checkpoint/pages-1.img", "rootfs-diff.tar", "deleted.files"})
    CHECK(mode_of(node.path(name)) == 0600);
  for (const char* name : {"stats-dump", "spec.dump", "more", "latest", "container.log"})
    CHECK_FALSE(fs::exists(fs::symlink_status(node.path(name))));

  CHECK_FALSE(node.now().ready);
  const Thrown other = thrown_by([&] { node.session.call(RestoreReady{kRestore, posix::Sha256::of("other")}); });
  CHECK(other.kind == ErrorKind::failed);
  CHECK_THAT(other.text, Contains("of another archive, " + digest));
  CHECK_FALSE(node.now().ready);
  node.session.call(RestoreReady{kRestore, digest});
  node.session.call(RestoreReady{kRestore, digest});
  CHECK(node.now().ready);
  CHECK(thrown_by([&] { node.write(bytes); }).kind == ErrorKind::conflict);  // it is in use, or about to be
  CHECK((content(node.path("checkpoint/pages-1.img")) == pages));
}

TEST_CASE("data comes into what is prepared, and nothing else", "[node_program]") {
  Writing node;
  const std::string bytes = Restoring::archive().str();
  CHECK(thrown_by([&] {
          node.session.call(RestoreReady{kRestore, posix::Sha256::of("")});
        }).text == "restore " + kRestore + " has no data");
  CHECK(thrown_by([&] { node.session.call(RestoreReady{kRestore, ""}); }).kind == ErrorKind::failed);
  CHECK(thrown_by([&] { node.session.call(WriteRestore{"other", Bytes{1}}); }).kind == ErrorKind::not_found);
  fs::create_directories(node.place.layouts + "/layout");
  fs::permissions(node.place.layouts + "/layout", fs::perms::owner_all);
  CHECK(thrown_by([&] { node.session.call(WriteRestore{"layout", Bytes{1}}); }).kind == ErrorKind::not_found);
  for (const char* bad : {"", "..", "a/b"})
    CHECK(thrown_by([&] { node.session.call(WriteRestore{bad, Bytes{1}}); }).kind == ErrorKind::usage);

  const auto channel = node.session.begin(WriteRestore{kRestore, Bytes{bytes.size()}});
  REQUIRE(node.session.next_of(channel).kind == FrameKind::credit);
  CHECK_THAT(thrown_by([&] { node.session.call(WriteRestore{kRestore, Bytes{1}}); }).text, Contains("written already"));
  node.session.call(RestoreVoid{kRestore});  // while it comes
  node.session.send(FrameKind::data, channel, bytes);
  node.session.send(FrameKind::end, channel, print_message(StreamEnd{{bytes.size()}, posix::Sha256::of(bytes)}));
  const Thrown late = thrown_by([&] { node.session.answer(channel); });
  CHECK(late.kind == ErrorKind::conflict);
  CHECK_THAT(late.text, Contains("is void"));
  CHECK_FALSE(fs::exists(node.path("checkpoint")));
  CHECK(thrown_by([&] { node.write(bytes); }).kind == ErrorKind::conflict);
}

TEST_CASE("an archive that is cut, lengthened or changed on its way leaves nothing", "[node_program]") {
  Writing node;
  const std::string bytes = Restoring::archive().file("checkpoint/pages-1.img", large(100'000)).str();
  const std::string digest = posix::Sha256::of(bytes);
  const Bytes size{bytes.size()};
  std::string changed = bytes, swapped = bytes;
  changed[bytes.size() - 5000] ^= 1;
  std::swap_ranges(swapped.end() - 50'000, swapped.end() - 40'000, swapped.end() - 30'000);
  const StreamEnd meant{size, digest};
  for (const auto& [sent, end, promised, said] : std::vector<std::tuple<std::string, StreamEnd, Bytes, std::string>>{
           {changed, meant, size, "not what was sent"},
           {swapped, meant, size, "not what was sent"},
           {bytes, {Bytes{1}, digest}, size, "not what was sent"},
           {bytes, {size, "../../x"}, size, "not what was sent"},
           {bytes.substr(0, 60'000), meant, size, "60000 of " + std::to_string(size.count)},
           {bytes.substr(0, 1000), meant, size, "1000 of " + std::to_string(size.count)},
           {bytes + std::string(512, '\0'), meant, size, "more than " + std::to_string(size.count)}}) {
    INFO(said);
    const Thrown error = thrown_by([&, s = sent, e = end, p = promised] { node.write(s, e, p); });
    CHECK(error.kind == ErrorKind::failed);
    CHECK_THAT(error.text, Contains(said));
    CHECK(node.clean());
  }
  // What fills its last block, and what CRI-O leaves of a longer archive that it writes this one over.
  const std::string longer = bytes + std::string(9000, '\0') + large(5000);
  CHECK(node.write(longer).sha256 == posix::Sha256::of(longer));
}

TEST_CASE("what is no checkpoint's archive is refused, whatever its members are called", "[node_program]") {
  Writing node;
  const auto with = [](auto add) {
    TarWriter tar = Restoring::archive();
    add(tar);
    return tar.str();
  };
  using Tar = TarWriter&;
  const std::vector<std::pair<std::string, std::string>> all{
      {"", "cut off"},
      {large(5000), "is none"},
      {std::string(1024, '\0'), "no images of CRIU's"},
      {Restoring::archive().without_end(), "cut off"},
      {TarWriter().file("checkpoint/core-1.img", "c").str(), "no images of CRIU's"},
      {with([](Tar tar) { tar.file("../evil", "x"); }), "leads elsewhere"},
      {with([](Tar tar) { tar.file("checkpoint/../record", "x"); }), "leads elsewhere"},
      {with([](Tar tar) { tar.file("checkpoint/..", "x"); }), "leads elsewhere"},
      {with([](Tar tar) { tar.file("/etc/evil", "x"); }), "leads elsewhere"},
      {with([](Tar tar) { tar.pax("path", std::string("checkpoint/a\0b", 14)).file("x", "x"); }), "a name that is none"},
      {with([](Tar tar) { tar.file("checkpoint/a/b", "x"); }), "no file of CRIU's"},
      {with([](Tar tar) { tar.directory("checkpoint/a/"); }), "no file of CRIU's"},
      {with([](Tar tar) { tar.file("checkpoint/.", "x"); }), "no file of CRIU's"},
      {with([](Tar tar) { tar.file("checkpoint", "x"); }), "no file of CRIU's"},
      {with([](Tar tar) { tar.symlink("checkpoint", "/etc"); }), "no file of CRIU's"},
      {with([](Tar tar) { tar.symlink("checkpoint/pages-1.img", "/etc/passwd"); }), "is no file"},
      {with([](Tar tar) { tar.hard_link("checkpoint/a", "record"); }), "is no file"},
      {with([](Tar tar) { tar.device('3', "checkpoint/a", 1, 3); }), "is no file"},
      {with([](Tar tar) { tar.member('6', "checkpoint/a", ""); }), "is no file"},
      {with([](Tar tar) { tar.symlink("rootfs-diff.tar", "/etc/passwd"); }), "is no file"},
      {with([](Tar tar) { tar.directory("deleted.files"); }), "is no file"},
      {with([](Tar tar) { tar.file("checkpoint/core-1.img", "x"); }), "has two members checkpoint/core-1.img"},
      {with([](Tar tar) { tar.file("rootfs-diff.tar", "x").file("rootfs-diff.tar", "y"); }), "has two members"},
      {with([](Tar tar) { tar.member('S', "checkpoint/a", ""); }), "unknown kind"},
  };
  for (const auto& [bytes, said] : all) {
    INFO(said);
    const Thrown error = node.refusal(bytes);
    CHECK(error.kind == ErrorKind::refused);
    CHECK_THAT(error.text, Contains(said));
  }
  CHECK_NOTHROW(node.write(Restoring::archive().str()));
  // What is the restore's own is no member's to write.
  CHECK(fs::exists(node.path("record")));
}

TEST_CASE("a disk that fills while data comes is told, and the data is no part of it any more", "[node_program]") {
  if (::geteuid() != 0) return;  // where nobody may mount, there is no small disk
  Restoring node;
  const std::string directory = node.place.layouts + "/" + kRestore;
  fs::create_directories(directory);
  REQUIRE(::mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=2m,mode=700") == 0);
  struct Unmount {
    std::string path;
    ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
  } const unmount{directory};
  node.session.call(Restoring::prepare());
  const std::string bytes = Restoring::archive().file("checkpoint/pages-1.img", large(1'500'000)).str();
  const auto channel = node.session.begin(WriteRestore{kRestore, Bytes{bytes.size()}});
  REQUIRE(node.session.next_of(channel).kind == FrameKind::credit);
  put(directory + "/others", std::string(1'000'000, 'o'));
  for (std::size_t at = 0; at < bytes.size(); at += kMaxData)
    node.session.send(FrameKind::data, channel, bytes.substr(at, kMaxData));
  const Thrown error = thrown_by([&] { node.session.answer(channel); });
  CHECK(error.kind == ErrorKind::failed);
  CHECK(error.text == "No space left on device");
  CHECK_THAT(error.remedy, Contains("worker-1"));
  CHECK_FALSE(fs::exists(directory + "/checkpoint"));
  fs::remove(directory + "/others");
  CHECK_NOTHROW(node.write(bytes));
}

TEST_CASE("a full disk is told before any data of a restore is sent", "[node_program]") {
  Writing node;
  const auto channel = node.session.begin(WriteRestore{kRestore, Bytes{std::uint64_t{1} << 60}});
  const Frame first = node.session.next_of(channel);
  REQUIRE(first.kind == FrameKind::error);
  const Thrown error = thrown_by([&] { throw_error(first.payload); });
  CHECK(error.kind == ErrorKind::failed);
  CHECK_THAT(error.text, Contains("No space left on device") && Contains("needed"));
  CHECK_THAT(error.remedy, Contains("worker-1"));
  CHECK(node.clean());
}

TEST_CASE("data that is cut off leaves nothing, whatever cuts it", "[node_program]") {
  for (const char* how : {"cancel", "close", "term", "silence", "garbage"}) {
    INFO(how);
    const Place place;
    Session session(place.program());
    session.hello(std::string(how) == "silence" ? Millis{3000} : Millis{60000});
    session.call(Restoring::prepare());
    const std::string images = place.layouts + "/" + kRestore + "/checkpoint";
    const std::string bytes = Restoring::archive().file("checkpoint/pages-1.img", large(300'000)).str();
    const auto channel = session.begin(WriteRestore{kRestore, Bytes{bytes.size()}});
    REQUIRE(session.next_of(channel).kind == FrameKind::credit);
    session.send(FrameKind::data, channel, bytes.substr(0, 200'000));
    REQUIRE(becomes_true([&] { return fs::exists(images + "/pages-1.img"); }));
    if (std::string(how) == "cancel") {
      session.send(FrameKind::cancel, channel);
      CHECK(thrown_by([&] { session.answer(channel); }).cancelled);
      CHECK_FALSE(fs::exists(images));
      session.close();
    }
    if (std::string(how) == "close") session.close();
    if (std::string(how) == "term") ::kill(session.child.pid(), SIGTERM);
    if (std::string(how) == "garbage") session.send_raw(std::string(100, '\xff'));
    session.wait();
    CHECK_FALSE(fs::exists(images));
    const auto record = RestorePlace::open(place.layouts, kRestore)->read();
    CHECK(record->state == S::prepared);
    CHECK(record->sha256.empty());
  }
}

TEST_CASE("what a program left that was killed is no data, and in nobody's way", "[node_program]") {
  Writing node;
  const std::string bytes = Restoring::archive().file("checkpoint/pages-1.img", large(300'000)).str();
  {
    Session killed(node.place.program());
    killed.hello();
    const auto channel = killed.begin(WriteRestore{kRestore, Bytes{bytes.size()}});
    REQUIRE(killed.next_of(channel).kind == FrameKind::credit);
    killed.send(FrameKind::data, channel, bytes.substr(0, 200'000));
    REQUIRE(becomes_true([&] { return fs::exists(node.path("checkpoint/pages-1.img")); }));
    ::kill(killed.child.pid(), SIGKILL);
    killed.wait();
  }
  CHECK(fs::exists(node.path("checkpoint/pages-1.img")));
  CHECK(thrown_by([&] {
          node.session.call(RestoreReady{kRestore, posix::Sha256::of(bytes)});
        }).kind == ErrorKind::failed);
  // Who waits for it goes on waiting.
  const RestorePlace place = node.record();
  const Waiting waiting(place.directory());
  CHECK_NOTHROW(node.write(bytes));
  CHECK(waiting.newest());
  CHECK((content(node.path("checkpoint/pages-1.img")) == large(300'000)));
}

TEST_CASE("nothing is written over a link in a restore's directory", "[node_program]") {
  Writing node;
  const std::string outside = node.place.path("outside");
  put(outside + "/core-1.img", "stays");
  fs::create_directory_symlink(outside, node.path("checkpoint"));
  fs::create_symlink(outside + "/core-1.img", node.path("rootfs-diff.tar"));
  TarWriter tar = Restoring::archive();
  CHECK_NOTHROW(node.write(tar.file("rootfs-diff.tar", "new").str()));
  CHECK(content(outside + "/core-1.img") == "stays");
  CHECK(content(node.path("rootfs-diff.tar")) == "new");
  CHECK_FALSE(fs::is_symlink(fs::symlink_status(node.path("checkpoint"))));
}
