// A container's changes, put over a root file system.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fake_node.hpp"
#include "ms2m/error.hpp"
#include "unpacked.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;
namespace fs = std::filesystem;

TEST_CASE("files, directories, links and pipes arrive as they were", "[node_changes]") {
  Unpacked root;
  put(root.path("etc/old"), "lower");
  root.apply(TarWriter()
                 .directory("./etc", 0750)
                 .file("etc/old", "upper", 04755)
                 .file("/var/new/deep/file", std::string(200'000, 'x'))
                 .symlink("etc/link", "/etc/old")
                 .hard_link("etc/hard", "etc/old")
                 .member('6', "run/pipe", "")
                 .directory("tmp", 01777));
  CHECK(content(root.path("etc/old")) == "upper");
  CHECK(root.mode("etc/old") == 04755);
  CHECK(root.mode("etc") == 0750);
  CHECK(root.mode("tmp") == 01777);
  CHECK(content(root.path("var/new/deep/file")) == std::string(200'000, 'x'));
  CHECK(fs::read_symlink(root.path("etc/link")) == "/etc/old");
  CHECK(fs::hard_link_count(root.path("etc/old")) == 2);
  CHECK(fs::is_fifo(root.path("run/pipe")));
  struct ::stat is {};
  REQUIRE(::stat(root.path("etc").c_str(), &is) == 0);
  CHECK(is.st_mtime == 1'700'000'000);
}

TEST_CASE("what was there is replaced by what came, of whatever kind", "[node_changes]") {
  Unpacked root;
  put(root.path("a/inner"), "x");
  put(root.path("b"), "x");
  put(root.path("kept/lower"), "x");
  fs::create_directory_symlink("kept", root.path("c"));
  root.apply(TarWriter().file("a", "file").directory("b").directory("kept").directory("c"));
  CHECK(content(root.path("a")) == "file");
  CHECK(fs::is_directory(root.path("b")));
  CHECK(content(root.path("kept/lower")) == "x");
  CHECK(fs::is_directory(fs::symlink_status(root.path("c"))));
  CHECK_FALSE(fs::exists(root.path("c/lower")));
}

TEST_CASE("white-outs, opaque directories, overlay's own, and deleted.files", "[node_changes]") {
  Unpacked root;
  for (const char* each : {"gone", "dir/gone", "dir/kept", "opaque/old", "opaque/sub/old", "raw", "raw-opaque/old",
                           "listed", "deep/listed"})
    put(root.path(each), "lower");
  root.apply(TarWriter()
                 .file(".wh.gone", "")
                 .file("dir/.wh.gone", "")
                 .directory("opaque")
                 .file("opaque/sub/new", "upper")
                 .directory("opaque/sub")
                 .file("opaque/.wh..wh..opq", "")
                 .device('3', "raw", 0, 0)
                 .pax("SCHILY.xattr.trusted.overlay.opaque", "y")
                 .directory("raw-opaque")
                 .file("raw-opaque/new", "upper")
                 .file(".wh..wh.plnk", ""));
  for (const char* each : {"gone", "dir/gone", "opaque/old", "opaque/sub/old", "raw", "raw-opaque/old", ".wh.gone",
                           "opaque/.wh..wh..opq", ".wh..wh.plnk"}) {
    INFO(each);
    CHECK_FALSE(fs::exists(fs::symlink_status(root.path(each))));
  }
  for (const char* each : {"dir/kept", "opaque/sub/new", "raw-opaque/new"}) CHECK(fs::exists(root.path(each)));
  root.remove(R"(["/listed","deep","never/there","listed/below"])");
  CHECK_FALSE(fs::exists(root.path("listed")));
  CHECK_FALSE(fs::exists(root.path("deep")));
}

TEST_CASE("long names, extended attributes, and an archive that real tools made", "[node_changes]") {
  Unpacked root;
  const std::string longest = std::string(120, 'a') + "/" + std::string(120, 'b');
  root.apply(TarWriter()
                 .file(longest, "long")
                 .pax("SCHILY.xattr.user.ms2m", "kept")
                 .file("x", "")
                 .pax("SCHILY.xattr.trusted.overlay.redirect", "/etc")
                 .file("y", ""));
  CHECK(content(root.path(longest)) == "long");
  char value[16] = {};
  const auto size = ::getxattr(root.path("x").c_str(), "user.ms2m", value, sizeof value);
  if (size < 0) CHECK(errno == EOPNOTSUPP);
  if (size >= 0) CHECK(std::string(value) == "kept");
  CHECK(::getxattr(root.path("y").c_str(), "trusted.overlay.redirect", value, sizeof value) < 0);

  for (const char* format : {"gnu", "pax", "ustar"}) {
    Unpacked from, to;
    put(from.path("d/" + std::string(90, 'n') + "/file"), "text");
    fs::create_symlink(std::string(90, 't'), from.path("d/link"));
    const auto packed =
        posix::run_process({"tar", "-C", from.path(""), "--format", format, "-cf", "-", "d"}, {}, "tar");
    REQUIRE(packed.ok());
    to.apply(packed.out);
    CHECK(content(to.path("d/" + std::string(90, 'n') + "/file")) == "text");
    CHECK(fs::read_symlink(to.path("d/link")) == std::string(90, 't'));
  }
}
