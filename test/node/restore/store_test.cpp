// Records on a disk: changes, who waits, what is swept.
#include <sched.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <thread>

#include "ms2m/error.hpp"
#include "node/restore/state.hpp"
#include "node/restore/store.hpp"
#include "node/restore/waiting.hpp"
#include "support/catch.hpp"
#include "wrap/posix/directory_lock.hpp"
#include "wrap/posix/files.hpp"

using namespace ms2m;
using namespace ms2m::node;
using Catch::Contains;
using S = RestoreState;
namespace fs = std::filesystem;

namespace {

struct Disk {
  posix::TempDir directory;
  std::string root = (directory.path() / "restores").string();
  std::string kubelet = (directory.path() / "kubelet").string();
  RestoreStore store{root};
  Record record = [&] {
    Record one;
    one.id = "k3x9qa";
    one.target = {"shop", "consumer-0-m", "consumer", std::string(64, 'a')};
    one.wait_ms = 1000;
    one.expires = static_cast<std::uint64_t>(std::time(nullptr)) + 600;
    return one;
  }();
  RestorePlace place() {
    store.prepare(record);
    return *RestorePlace::open(root, record.id);
  }
};

void become(RestorePlace& place, S state) {
  place.change([&](Record& record) { record.state = state; });
}

/// From now on, and not from when the program began.
StopToken soon() { return StopToken().within(std::chrono::seconds(60)); }

}  // namespace

TEST_CASE("a restore is prepared once, changes by its table, and is root's alone", "[node_restore]") {
  Disk disk;
  CHECK_FALSE(RestorePlace::open(disk.root, "k3x9qa"));
  RestorePlace place = disk.place();
  CHECK_NOTHROW(disk.store.prepare(disk.record));
  Record other = disk.record;
  other.target.pod = "other";
  CHECK_THROWS_WITH(disk.store.prepare(other), Contains("another restore"));
  struct ::stat is {};
  REQUIRE(::stat((place.path() + "/record").c_str(), &is) == 0);
  CHECK((is.st_mode & 07777) == 0600);
  REQUIRE(::stat(place.path().c_str(), &is) == 0);
  CHECK((is.st_mode & 07777) == 0700);

  CHECK_THROWS_WITH(become(place, S::done), Contains("prepared and cannot become done"));
  CHECK(place.status().state == S::prepared);
  for (const S next : {S::taken, S::taken, S::restored, S::done}) become(place, next);
  CHECK_THROWS_AS(become(place, S::voided), Error);
  CHECK(place.status().state == S::done);
  CHECK_NOTHROW(disk.store.prepare(disk.record));  // once more: it stays as it is
  CHECK(place.status().state == S::done);

  REQUIRE(::chmod(place.path().c_str(), 0755) == 0);
  CHECK_THROWS_WITH(RestorePlace::open(disk.root, "k3x9qa"), Contains("by others"));
}

TEST_CASE("an ID is no path, a link no directory, another's record no record", "[node_restore]") {
  Disk disk;
  for (const char* id : {"", "..", "a/b", "A", "-a", "a.b"}) CHECK_THROWS_AS(RestorePlace::open(disk.root, id), Error);
  RestorePlace place = disk.place();
  fs::create_directory_symlink(place.path(), disk.root + "/link");
  CHECK_FALSE(RestorePlace::open(disk.root, "link"));
  fs::rename(place.path(), disk.root + "/moved");
  CHECK_THROWS_WITH(RestorePlace::open(disk.root, "moved")->read(), Contains("that of k3x9qa"));
  CHECK(disk.store.ids() == std::vector<std::string>{"moved"});
}

TEST_CASE("the newest of those that wait counts, and ends with its process", "[node_restore]") {
  Disk disk;
  RestorePlace place = disk.place();
  CHECK_FALSE(place.status().waiting);
  {
    const Waiting first(place.directory());
    CHECK(first.newest());
    CHECK(place.status().waiting);
    {
      DirectoryWatch watch(place.directory());
      const Waiting second(place.directory());
      CHECK(watch.await(soon()));
      CHECK_FALSE(first.newest());
      CHECK(second.newest());
    }
    CHECK_FALSE(first.newest());
  }
  CHECK_FALSE(place.status().waiting);

  DirectoryWatch watch(place.directory());
  int waits[2], goes[2];
  REQUIRE((::pipe(waits) == 0 && ::pipe(goes) == 0));
  const pid_t child = ::fork();
  if (child == 0) {
    const Waiting waiting(place.directory());
    char c = 0;
    if (::write(waits[1], "w", 1) == 1 && ::read(goes[0], &c, 1) == 1) ::raise(SIGKILL);
    ::_exit(1);
  }
  char c = 0;
  REQUIRE(::read(waits[0], &c, 1) == 1);
  CHECK(place.status().waiting);
  while (watch.await(StopToken().within(Millis{0}))) continue;
  REQUIRE(::write(goes[1], "g", 1) == 1);
  CHECK(watch.await(soon()));  // the kernel closes its file
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK_FALSE(place.status().waiting);
  for (const int fd : {waits[0], waits[1], goes[0], goes[1]}) ::close(fd);
}

TEST_CASE("a watch sees every change of the record, ends with its time, and when it is stopped", "[node_restore]") {
  Disk disk;
  RestorePlace place = disk.place();
  DirectoryWatch watch(place.directory());
  CHECK_FALSE(watch.await(StopToken().within(Millis{1})));
  std::thread other([&] {
    auto own = RestorePlace::open(disk.root, disk.record.id);
    own->change([](Record& record) { record.ready = true; });
  });
  bool ready = false;
  while (!ready && watch.await(soon())) ready = place.status().ready;
  other.join();
  CHECK(ready);
  StopSource source;
  source.request_stop();
  CHECK_THROWS_AS(DirectoryWatch(place.directory()).await(source.token()), Cancelled);
}

TEST_CASE("changes from many sides are all there", "[node_restore]") {
  Disk disk;
  RestorePlace place = disk.place();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      auto own = RestorePlace::open(disk.root, disk.record.id);
      for (int j = 0; j < 25; ++j) own->change([](Record& record) { ++record.wait_ms; });
    });
  for (auto& each : threads) each.join();
  CHECK(place.read()->wait_ms == disk.record.wait_ms + 100);
}

TEST_CASE("a mark goes when its pod's directory has gone, and not before", "[node_restore]") {
  Disk disk;
  RestorePlace place = disk.place();
  const auto bind = [&] {
    place.change([&](Record& record) {
      record.uid = "u-1";
      record.kubelet_root = disk.kubelet;
    });
  };
  const auto swept = [&] { return !disk.store.sweep().ids.empty(); };
  fs::create_directories(disk.kubelet + "/pods/u-1");
  bind();
  CHECK_FALSE(swept());
  become(place, S::taken);
  CHECK_FALSE(swept());
  for (const S next : {S::restored, S::done}) become(place, next);
  CHECK_FALSE(swept());
  fs::rename(disk.kubelet, disk.kubelet + "-elsewhere");  // not mounted: cannot be told
  CHECK_FALSE(swept());
  fs::rename(disk.kubelet + "-elsewhere", disk.kubelet);
  fs::remove(disk.kubelet + "/pods/u-1");
  CHECK(swept());
  CHECK_FALSE(fs::exists(place.path()));

  disk.record.expires = static_cast<std::uint64_t>(std::time(nullptr)) - 1;
  disk.store.prepare(disk.record);  // never used, in its time
  const RestoreStatus late = RestorePlace::open(disk.root, disk.record.id)->status();
  CHECK(late.state == S::voided);
  CHECK_THAT(late.failure, Contains("not used in its time"));
  CHECK(swept());
}

TEST_CASE("data goes, the record stays", "[node_restore]") {
  Disk disk;
  RestorePlace place = disk.place();
  const auto before = place.read();
  fs::create_directories(place.path() + "/checkpoint");
  CHECK(place.remove_data());
  CHECK_FALSE(place.remove_data());
  CHECK(place.read() == before);
  CHECK(disk.store.remove(disk.record.id));
  CHECK_FALSE(disk.store.remove(disk.record.id));
}

TEST_CASE("the record goes last, and what is about to become it is no data", "[node_restore]") {
  Disk disk;
  RestorePlace place = disk.place();
  fs::create_directories(place.path() + "/checkpoint/pages");
  posix::write_file_atomically(place.path() + "/record.new", "{}");
  CHECK(place.remove_data());
  CHECK(fs::exists(place.path() + "/record.new"));

  for (const char* name : {"a", "z"}) fs::create_directories(place.path() + "/" + name);
  const posix::UniqueFd changes(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  REQUIRE(::inotify_add_watch(changes.get(), place.path().c_str(), IN_DELETE) >= 0);
  CHECK(disk.store.remove(disk.record.id));
  std::array<char, 4096> events;
  const auto size = ::read(changes.get(), events.data(), events.size());
  const std::string text(events.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  const auto record = text.find(std::string("record\0", 7));
  CHECK(record != std::string::npos);
  CHECK(text.find(std::string("a\0", 2)) < record);
  CHECK(text.find(std::string("z\0", 2)) < record);
}

TEST_CASE("one directory that others may write keeps no other restore from going", "[node_restore]") {
  Disk disk;
  fs::create_directories(disk.kubelet + "/pods");
  disk.record.expires = 0;
  const RestorePlace place = disk.place();
  disk.record.id = "other";
  disk.store.prepare(disk.record);
  REQUIRE(::chmod(place.path().c_str(), 0755) == 0);
  CHECK(disk.store.sweep().ids == std::vector<std::string>{"other"});
}

TEST_CASE("one that cannot be removed now keeps no other from going, and is told", "[node_restore]") {
  Disk disk;
  disk.record.expires = 0;
  const RestorePlace place = disk.place();
  disk.record.id = "other";
  disk.store.prepare(disk.record);
  std::optional<posix::DirectoryLock> somebody(std::in_place, place.directory(), "the restore");
  const Swept swept = disk.store.sweep();
  CHECK(swept.ids == std::vector<std::string>{"other"});
  REQUIRE(swept.failures.size() == 1);
  CHECK_THAT(swept.failures.front(), Contains("restore k3x9qa: another program has had"));
  somebody.reset();
  CHECK(disk.store.sweep().ids == std::vector<std::string>{"k3x9qa"});
}

TEST_CASE("what was prepared before the machine started is void, and goes", "[node_restore]") {
  Disk disk;
  RestorePlace place = disk.place();
  place.change([](Record& record) { record.sha256 = std::string(64, 'd'), record.ready = true; });
  CHECK(place.status().state == S::prepared);
  place.change([](Record& record) { record.boot = "another"; });
  CHECK(place.status().state == S::voided);
  CHECK_THAT(place.status().failure, Contains("started anew"));
  CHECK_THROWS_WITH(become(place, S::taken), Contains("is void and cannot become taken"));
  CHECK(disk.store.sweep().ids == std::vector<std::string>{"k3x9qa"});

  place = disk.place();
  for (const S next : {S::taken, S::restored, S::done}) become(place, next);
  place.change([](Record& record) { record.boot = "another"; });
  CHECK(place.status().state == S::done);  // what ran is what it was
}

TEST_CASE("a void restore is not prepared again", "[node_restore]") {
  Disk disk;
  RestorePlace place = disk.place();
  SECTION("taken back") { become(place, S::voided); }
  SECTION("not used in its time") {
    place.change([](Record& record) { record.expires = 1; });
  }
  SECTION("of before the machine started") {
    place.change([](Record& record) { record.boot = "another"; });
  }
  CHECK_THROWS_WITH(disk.store.prepare(disk.record), Contains("has an ID of its own"));
  CHECK(place.status().state == S::voided);
  CHECK(disk.store.remove("k3x9qa"));
  CHECK_NOTHROW(disk.store.prepare(disk.record));
}

TEST_CASE("a restore that was taken back before it was bound goes at once", "[node_restore]") {
  Disk disk;
  RestorePlace place = disk.place();
  CHECK(disk.store.sweep().ids.empty());
  become(place, S::voided);
  CHECK(disk.store.sweep().ids == std::vector<std::string>{"k3x9qa"});
}

TEST_CASE("a lock that somebody keeps is not waited for without end", "[node_restore]") {
  Disk disk;
  const RestorePlace place = disk.place();
  const posix::DirectoryLock kept(place.directory(), "the restore");
  CHECK_THROWS_WITH(posix::DirectoryLock(place.directory(), "the restore", Millis{30}),
                    Contains("may have been stopped"));
}

TEST_CASE("what is mounted in a restore's directory is not gone into when that is removed", "[node_restore]") {
  if (::geteuid() != 0 || ::unshare(CLONE_NEWNS) != 0) return;  // where nobody may mount, nothing is mounted
  REQUIRE(::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
  Disk disk;
  RestorePlace place = disk.place();
  const fs::path outside = disk.directory.path() / "outside";
  fs::create_directories(outside / "kept");
  const auto mount_in = [&] {
    fs::create_directories(place.path() + "/work/yard");
    REQUIRE(::mount("tmpfs", (place.path() + "/work").c_str(), "tmpfs", 0, nullptr) == 0);
    fs::create_directories(place.path() + "/work/yard");
    REQUIRE(::mount(outside.c_str(), (place.path() + "/work/yard").c_str(), nullptr, MS_BIND, nullptr) == 0);
  };
  mount_in();
  CHECK(place.remove_data());
  CHECK(fs::exists(outside / "kept"));
  CHECK_FALSE(fs::exists(place.path() + "/work"));
  mount_in();
  const std::string link = (disk.directory.path() / "link").string();
  fs::create_directory_symlink(disk.root, link);
  CHECK(RestoreStore(link).remove(disk.record.id));
  CHECK(fs::exists(outside / "kept"));
  CHECK_FALSE(fs::exists(place.path()));
}
