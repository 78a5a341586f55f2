// The changes of a root file system: gathered from an upper directory, put over another root by the runtime handler.
#include "node/dump/changed_files.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "ms2m/error.hpp"
#include "node/handler/changes.hpp"
#include "support/catch.hpp"
#include "wrap/posix/files.hpp"

using namespace ms2m;
using namespace ms2m::node;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

std::string content(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// An upper directory, the whole as the container sees it, and the root of a copy.
struct Changes {
  Changes() {
    for (const char* each : {"upper", "whole", "copy"}) fs::create_directories(directory.path() / each);
    overlay.user_attributes = true;
  }
  fs::path upper(const std::string& name) const { return directory.path() / "upper" / name; }
  fs::path whole(const std::string& name) const { return directory.path() / "whole" / name; }
  fs::path copy(const std::string& name) const { return directory.path() / "copy" / name; }
  static void put(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  static void white_out(const fs::path& path) { REQUIRE(::mknod(path.c_str(), S_IFCHR, 0) == 0); }
  static void attribute(const fs::path& path, const std::string& name, const std::string& value) {
    REQUIRE(::setxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0) == 0);
  }
  std::string gathered() {
    overlay.upper.reset(::open(upper("").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    overlay.whole.reset(::open(whole("").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    const fs::path file = directory.path() / "tar";
    {
      const posix::UniqueFd out(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
      write_changed_files(overlay, out.get(), stop.token());
    }
    return content(file);
  }
  void move() {
    const std::string archive = gathered();
    const posix::UniqueFd root(::open(copy("").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    std::size_t at = 0;
    apply_changes(root.get(), [&](char* into, std::size_t size) {
      const auto some = std::min(size, archive.size() - at);
      std::memcpy(into, archive.data() + at, some);
      at += some;
      return some;
    });
  }
  posix::TempDir directory{"ms2m-changed-files-test-"};
  RootOverlay overlay;
  StopSource stop;
};

struct ::stat facts(const fs::path& path) {
  struct ::stat is {};
  INFO(path);
  REQUIRE(::lstat(path.c_str(), &is) == 0);
  return is;
}

void check_same(const fs::path& is, const fs::path& meant) {
  INFO(meant);
  const struct ::stat a = facts(is), b = facts(meant);
  CHECK(a.st_mode == b.st_mode);
  CHECK(a.st_uid == b.st_uid);
  CHECK(a.st_gid == b.st_gid);
  CHECK(a.st_mtim.tv_sec == b.st_mtim.tv_sec);
  CHECK(a.st_mtim.tv_nsec == b.st_mtim.tv_nsec);
  if (S_ISREG(b.st_mode)) CHECK((content(is) == content(meant)));
  if (S_ISLNK(b.st_mode)) CHECK(fs::read_symlink(is) == fs::read_symlink(meant));
}

}  // namespace

TEST_CASE("files, links, pipes and directories arrive as they are", "[node_dump]") {
  Changes changes;
  const std::string longest(255, 'n');
  changes.put(changes.upper("etc/app/empty"), "");
  changes.put(changes.upper("etc/app/large"), std::string(300'001, 'x'));
  changes.put(changes.upper(longest + "/" + longest + "/deep"), "deep");
  changes.put(changes.upper("odd \n\xff=7"), "odd");
  fs::create_symlink("/etc/" + longest, changes.upper("etc/link"));
  fs::create_hard_link(changes.upper("etc/app/large"), changes.upper("other-name"));
  REQUIRE(::mkfifo(changes.upper("pipe").c_str(), 0640) == 0);
  fs::create_directory(changes.upper("closed"));
  REQUIRE(::chmod(changes.upper("closed").c_str(), 01733) == 0);
  REQUIRE(::chmod(changes.upper("etc/app/empty").c_str(), 04711) == 0);
  if (::geteuid() == 0) REQUIRE(::lchown(changes.upper("etc/link").c_str(), 1000, 3'000'000) == 0);
  changes.attribute(changes.upper("etc/app/empty"), "user.mark", std::string("a\0b", 3));
  const timespec times[2] = {{0, UTIME_OMIT}, {1'600'000'000, 123'456'789}};
  REQUIRE(::utimensat(AT_FDCWD, changes.upper("closed").c_str(), times, 0) == 0);
  changes.move();
  for (const std::string& each :
       {std::string("etc"), std::string("etc/app/empty"), std::string("etc/app/large"), std::string("etc/link"),
        std::string("pipe"), std::string("closed"), std::string("odd \n\xff=7"), std::string("other-name"), longest,
        longest + "/" + longest + "/deep"})
    check_same(changes.copy(each), changes.upper(each));
  CHECK(facts(changes.copy("other-name")).st_ino == facts(changes.copy("etc/app/large")).st_ino);
  char value[10];
  CHECK(::getxattr(changes.copy("etc/app/empty").c_str(), "user.mark", value, sizeof value) == 3);
}

TEST_CASE("what was removed, and what hides all that was below it", "[node_dump]") {
  Changes changes;
  const std::string longest(255, 'w');
  for (const std::string& each :
       {std::string("gone"), std::string("dir/gone"), std::string("dir/kept"), std::string("opaque/old"),
        std::string("opaque/inner/old"), std::string("file-now/old"), longest})
    changes.put(changes.copy(each), "image");
  changes.white_out(changes.upper("gone"));
  changes.white_out(changes.upper(longest));
  fs::create_directory(changes.upper("dir"));
  changes.white_out(changes.upper("dir/gone"));
  changes.put(changes.upper("opaque/new"), "new");
  changes.put(changes.upper("opaque/inner/new"), "new");
  changes.attribute(changes.upper("opaque"), "user.overlay.opaque", "y");
  changes.attribute(changes.upper("opaque/inner"), "user.overlay.opaque", "y");
  changes.put(changes.upper("file-now"), "file");
  changes.move();
  for (const std::string& each : {std::string("gone"), std::string("dir/gone"), std::string("opaque/old"),
                                  std::string("opaque/inner/old"), longest})
    CHECK_FALSE(fs::exists(changes.copy(each)));
  CHECK(content(changes.copy("dir/kept")) == "image");
  CHECK(content(changes.copy("opaque/new")) == "new");
  CHECK(content(changes.copy("opaque/inner/new")) == "new");
  CHECK(content(changes.copy("file-now")) == "file");
  CHECK(::getxattr(changes.copy("opaque").c_str(), "user.overlay.opaque", nullptr, 0) < 0);
}

TEST_CASE("overlay's user attributes mean nothing where its own are others", "[node_dump]") {
  Changes changes;
  changes.overlay.user_attributes = false;
  changes.put(changes.copy("dir/kept"), "image");
  changes.put(changes.upper("dir/new"), "new");
  changes.attribute(changes.upper("dir"), "user.overlay.opaque", "y");  // the container's own words
  changes.move();
  CHECK(content(changes.copy("dir/kept")) == "image");
}

TEST_CASE("what is mounted there, and sockets, are left out", "[node_dump]") {
  Changes changes;
  changes.put(changes.upper("etc/hosts"), "");
  changes.put(changes.upper("etc/own"), "own");
  changes.put(changes.upper("data/hidden"), "hidden");
  changes.overlay.mounts = {"etc/hosts", "data", "proc"};
  const posix::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{AF_UNIX, {}};
  std::strncpy(address.sun_path, changes.upper("socket").c_str(), sizeof address.sun_path - 1);
  REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  changes.move();
  CHECK(content(changes.copy("etc/own")) == "own");
  for (const char* each : {"etc/hosts", "data", "socket"}) CHECK_FALSE(fs::exists(changes.copy(each)));
}

TEST_CASE("of a file whose owner alone has changed the contents come from the whole", "[node_dump]") {
  Changes changes;
  changes.put(changes.upper("etc/app"), "");
  fs::resize_file(changes.upper("etc/app"), 5);
  changes.attribute(changes.upper("etc/app"), "user.overlay.metacopy", "");
  changes.put(changes.whole("etc/app"), "image");
  changes.move();
  CHECK(content(changes.copy("etc/app")) == "image");

  fs::remove_all(changes.whole("etc"));
  fs::create_directory_symlink(changes.upper("etc"), changes.whole("etc"));
  CHECK_THROWS_WITH(changes.gathered(), Contains("etc/app"));
}

TEST_CASE("changes that an archive cannot say are refused", "[node_dump]") {
  const auto kind = [](Changes& changes) {
    try {
      changes.gathered();
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::usage;
  };
  Changes removal;
  removal.put(removal.upper("etc/.wh.passwd"), "a file's own name");
  CHECK(kind(removal) == ErrorKind::refused);
  Changes renamed;
  renamed.put(renamed.upper("new/x"), "x");
  renamed.attribute(renamed.upper("new"), "user.overlay.redirect", "/old");
  CHECK(kind(renamed) == ErrorKind::refused);
  Changes deep;
  posix::UniqueFd at(::open(deep.upper("").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < 20; ++i) {  // no path leads there
    const std::string name(255, 'd');
    REQUIRE(::mkdirat(at.get(), name.c_str(), 0755) == 0);
    at.reset(::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  CHECK(kind(deep) == ErrorKind::refused);
}

TEST_CASE("gathering can be given up", "[node_dump]") {
  Changes changes;
  changes.put(changes.upper("file"), "x");
  changes.stop.request_stop();
  CHECK_THROWS_AS(changes.gathered(), Cancelled);
}
