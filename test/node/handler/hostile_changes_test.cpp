// Changes that want to get out of their root file system.
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ms2m/error.hpp"
#include "unpacked.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

void check_refused(const Unpacked& root, const std::string& archive, const char* why) {
  try {
    root.apply(archive);
    FAIL("it was not refused: " << why);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::refused);
    CHECK_THAT(std::string(error.what()), Contains(why));
  }
  CHECK(root.outside_is_untouched());
}

}  // namespace

TEST_CASE("names with ..", "[node_changes]") {
  const Unpacked root;
  for (const char* name : {"../outside", "a/../../outside", "..", "/..", "./../outside", ".wh..."}) {
    check_refused(root, TarWriter().file(name, "evil").str(), "");
    check_refused(root, TarWriter().directory(name).str(), "");
  }
  check_refused(root, TarWriter().file("a", "x").hard_link("b", "../outside").str(), "leads elsewhere");
  check_refused(root, TarWriter().pax("path", std::string("../outside")).file("x", "evil").str(), "leads elsewhere");
  check_refused(root, TarWriter().pax("path", std::string(5000, 'a')).file("x", "evil").str(), "too long");
  for (const char* json :
       {R"(["../outside"])", R"(["/"])", R"([1])", R"({"a":"b"})", "x", "null", R"(["a/../../outside"])"})
    CHECK_THROWS_AS(root.remove(json), Error);
  CHECK(root.outside_is_untouched());
}

TEST_CASE("links that lead out: what is written, hidden or deleted through them stays inside", "[node_changes]") {
  const Unpacked root;
  const std::string above = fs::path(root.outside()).parent_path().string();
  fs::create_directories(root.path(above.substr(1)));  // there is such a directory inside as well
  TarWriter archive;
  archive.symlink("up", "..").symlink("abs", above).symlink("far", "../../../../../../");
  archive.file("up/outside", "evil").file("abs/outside", "evil").file("far/outside", "evil");
  archive.file("up/.wh.outside", "").file("abs/.wh.outside", "").file("far/.wh..wh..opq", "");
  archive.symlink("file", root.outside()).file("file", "evil").directory("d", 0777);
  root.apply(archive);
  CHECK(root.outside_is_untouched());
  CHECK(content(root.path("file")) == "evil");  // the link was replaced
  CHECK(content(root.path(above.substr(1)) + "/outside").empty());
  root.apply(TarWriter().symlink("up", "..").symlink("abs", above));
  root.remove(R"(["up/outside","abs/outside"])");
  CHECK(root.outside_is_untouched());
}

TEST_CASE("links to themselves, to files, to nothing", "[node_changes]") {
  const Unpacked root;
  root.apply(TarWriter().symlink("loop", "loop").file("plain", "x"));
  CHECK_THROWS_AS(root.apply(TarWriter().file("loop/x", "")), Error);
  CHECK_THROWS_AS(root.apply(TarWriter().file("plain/x", "")), Error);
  for (const char* to : {"nothing", "loop/x", "", "dir"})
    check_refused(root, TarWriter().directory("dir").hard_link("hard", to).str(), "");
  root.apply(TarWriter().hard_link("plain", "plain"));
  CHECK(content(root.path("plain")) == "x");
  root.apply(TarWriter().symlink("to", root.outside()).hard_link("second", "to"));
  CHECK(fs::is_symlink(root.path("second")));
  CHECK(root.outside_is_untouched());
  CHECK_THROWS_AS(root.apply(TarWriter().symlink("empty", "")), Error);
}

TEST_CASE("another mount below the root is not entered", "[node_changes]") {
  const Unpacked root;
  // A link to one of the machine's is resolved within the root: there it leads to nothing, or to what is inside.
  check_refused(root, TarWriter().symlink("p", "/proc").file("p/x", "evil").str(), "link to nothing");
  root.apply(TarWriter().directory("proc").file("p/x", "inside"));
  CHECK(content(root.path("proc/x")) == "inside");
  if (::geteuid() != 0 || ::unshare(CLONE_NEWNS) != 0) return;  // where nobody may mount, nothing is mounted
  REQUIRE(::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
  REQUIRE(::mount("tmpfs", root.path("proc").c_str(), "tmpfs", 0, nullptr) == 0);
  check_refused(root, TarWriter().file("proc/y", "evil").str(), "");
  CHECK_FALSE(fs::exists(root.path("proc/y")));
  REQUIRE(::umount(root.path("proc").c_str()) == 0);
}

TEST_CASE("devices", "[node_changes]") {
  const Unpacked root;
  check_refused(root, TarWriter().device('3', "null", 1, 3).str(), "is a device");
  check_refused(root, TarWriter().device('4', "disk", 8, 0).str(), "is a device");
  check_refused(root, TarWriter().device('4', "zero", 0, 0).str(), "is a device");
  CHECK(fs::is_empty(root.path("")));
}

TEST_CASE("archives that are none", "[node_changes]") {
  const Unpacked root;
  const std::string good = TarWriter().file("x", std::string(3000, 'x')).str();
  for (const std::size_t size : {0u, 1u, 511u, 512u, 1000u, 3500u, 3584u})
    check_refused(root, good.substr(0, size), "cut off");
  std::string wrong = good;
  wrong[0] = 'y';
  check_refused(root, wrong, "is none");
  check_refused(root, std::string(2000, 'x'), "");
  check_refused(root, TarWriter().member('S', "sparse", "").str(), "unknown kind");
  check_refused(root, TarWriter().pax("GNU.sparse.major", "1").file("x", "").str(), "sparse");
  check_refused(root, TarWriter().pax("size", "-1").file("x", "").str(), "number");
  check_refused(root, TarWriter().pax("size", "99999999999999999999").file("x", "").str(), "number");
  check_refused(root, TarWriter().pax("uid", "4294967296").file("x", "").str(), "number");
  for (const char* records : {"9 a=b\n", "3\n", "x", "18446744073709551615 a=b\n", "5 ab\n", "4 =", "0 a=b\n"})
    check_refused(root, TarWriter().member('x', "pax", records).file("x", "").str(), "header");
  check_refused(root, TarWriter().member('L', "name", std::string(70'000, 'n')).str(), "70000 bytes");
  CHECK_NOTHROW(root.apply(std::string(1024, '\0')));
}
