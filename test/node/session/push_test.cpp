// The one line for a node's shell, run by this machine's; and what is said when it does not lead to a program.
#include "node/session/push.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "support/catch.hpp"
#include "wrap/posix/files.hpp"
#include "wrap/posix/subprocess.hpp"

using namespace ms2m;
using namespace ms2m::node;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

struct Node {
  posix::TempDir dir;
  NodeProgram program = NodeProgram::embedded();
  PushPlaces places{(dir.path() / "libexec/ms2m-node").string(), (dir.path() / "cache").string()};
  std::string path = "/usr/sbin:/usr/bin:/sbin:/bin";
  std::string shell = "sh";

  std::string kept() const { return places.cache + "/ms2m-node-" + program.build(); }
  std::string greeting() const {
    return print_greeting({kProtocolVersion, program.build(), program.machine(), ::geteuid()});
  }
  std::string push() const { return "ms2m-push " + program.machine() + "\n"; }

  posix::RunResult start(std::string_view input) const {
    posix::RunSpec spec;
    spec.process.argv = {shell, "-c", start_line(program, places)};
    spec.process.env = {{"PATH", path}};
    spec.input = input;
    return posix::run_process(spec, StopToken().within(std::chrono::seconds(30)), "starting");
  }
  posix::RunResult start() const { return start(program.bytes()); }

  void fake(const std::string& name, const std::string& text) {
    const fs::path bin = dir.path() / "bin";
    fs::create_directories(bin);
    std::ofstream(bin / name) << "#!/bin/sh\n" << text;
    ::chmod((bin / name).c_str(), 0755);
    if (!path.starts_with(bin.string())) path = bin.string() + ":" + path;
  }
  void keep(mode_t mode = 0700) {
    fs::create_directories(places.cache);
    ::chmod(places.cache.c_str(), 0700);
    std::ofstream(kept(), std::ios::binary) << program.bytes();
    ::chmod(kept().c_str(), mode);
  }
};

mode_t mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

std::size_t files_in(const std::string& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("push: the program is brought once, and is root's alone", "[push]") {
  for (const char* shell : {"sh", "bash"}) {
    Node node;
    node.shell = shell;
    const auto first = node.start();
    INFO(first.err);
    CHECK(first.out == node.push() + node.greeting());
    CHECK(mode_of(node.places.cache) == 0700);
    CHECK(mode_of(node.kept()) == 0700);
    CHECK(posix::read_file(node.kept()) == node.program.bytes());
    CHECK(node.start("").out == node.greeting());
  }
}

TEST_CASE("push: builds that nobody uses go, and what interrupted ones left", "[push]") {
  Node node;
  fs::create_directory(node.places.cache);
  ::chmod(node.places.cache.c_str(), 0700);
  const std::string others = node.places.cache + "/ms2m-node-0123456789abcde";
  for (const char* file : {"d", "e", "f.new.999999999"}) std::ofstream(others + file) << "x";
  const auto now = fs::file_time_type::clock::now();
  fs::last_write_time(others + "d", now - std::chrono::hours(23));
  fs::last_write_time(others + "e", now - std::chrono::hours(25));
  CHECK(node.start().out == node.push() + node.greeting());
  CHECK(fs::exists(others + "d"));
  CHECK(files_in(node.places.cache) == 2);
  // Used is what was started.
  fs::last_write_time(node.kept(), now - std::chrono::hours(48));
  CHECK(node.start("").out == node.greeting());
  CHECK(fs::last_write_time(node.kept()) > now - std::chrono::hours(1));
}

TEST_CASE("push: what arrives cut off is not kept", "[push]") {
  Node node;
  const auto result = node.start(node.program.bytes().substr(0, 5000));
  CHECK(result.out == node.push());
  CHECK_FALSE(result.ok());
  CHECK(files_in(node.places.cache) == 0);
  CHECK_THAT(start_error("worker-1", "ssh worker-1", result.status, result.err, node.places).what(),
             Contains("keeping the node program on node worker-1"));
}

TEST_CASE("push: a file that others could have written is not run", "[push]") {
  if (::geteuid() != 0) return;  // its owner has to be root
  for (const mode_t mode : {0755u, 0770u, 0702u}) {
    Node node;
    node.keep(mode);
    CHECK(node.start().out == node.push() + node.greeting());
    CHECK(mode_of(node.kept()) == 0700);
  }
  Node owned;
  owned.keep();
  REQUIRE(::chown(owned.kept().c_str(), 1000, 1000) == 0);
  CHECK(owned.start().out == owned.push() + owned.greeting());
  Node cut;
  cut.keep();
  fs::resize_file(cut.kept(), 100);
  CHECK(cut.start().out == cut.push() + cut.greeting());

  Node open;
  open.keep();
  ::chmod(open.places.cache.c_str(), 0777);
  const auto result = open.start();
  CHECK(result.out.empty());
  const auto error = start_error("worker-1", "ssh worker-1", result.status, result.err, open.places);
  CHECK(error.kind() == ErrorKind::refused);
  CHECK_THAT(error.what(), Contains(open.places.cache + " is not a directory of root alone"));
}

TEST_CASE("push: one that is installed is taken first", "[push]") {
  Node node;
  fs::create_directory(fs::path(node.places.installed).parent_path());
  std::ofstream(node.places.installed) << "#!/bin/sh\necho installed\n";
  ::chmod(node.places.installed.c_str(), 0755);
  node.keep();
  CHECK(node.start("").out == "installed\n");
}

TEST_CASE("push: a login that is not root goes by way of sudo", "[push]") {
  Node node;
  node.fake("id", "echo 1000\n");
  node.fake("sudo", "[ \"$1 $2\" = '-n --' ] || exit 9\nshift 2\necho \"sudo $1\"\nexec \"$@\"\n");
  CHECK(node.start().out == "sudo sh\n" + node.push() + node.greeting());
  fs::create_directory(fs::path(node.places.installed).parent_path());
  std::ofstream(node.places.installed, std::ios::binary) << node.program.bytes();
  ::chmod(node.places.installed.c_str(), 0755);
  // By its path alone, so that a rule of sudoers can name it.
  CHECK(node.start("").out == "sudo " + node.places.installed + "\n" + node.greeting());

  node.fake("sudo", "echo 'sudo: a password is required' >&2\nexit 1\n");
  const auto refused = node.start("");
  const auto error = start_error("worker-1", "ssh worker-1", refused.status, refused.err, node.places);
  CHECK(error.kind() == ErrorKind::forbidden);
  CHECK_THAT(error.what(), Contains("node worker-1 is not root") && Contains("a password is required"));
  CHECK_THAT(error.remedy(), Contains("ssh worker-1 sudo -n true") && Contains(node.places.installed));
}

TEST_CASE("push: what comes in place of a program has its cure", "[push]") {
  const PushPlaces places;
  const auto after = [&](int code, const std::string& said) {
    return start_error("worker-1", "ssh worker-1", {code, 0}, said, places);
  };
  const auto absent = after(127, "bash: line 1: /usr/libexec/ms2m/ms2m-node: No such file or directory\n");
  CHECK(absent.kind() == ErrorKind::failed);
  CHECK_THAT(absent.what(), Contains("is not on node worker-1") && Contains("No such file"));
  CHECK_THAT(absent.remedy(), Contains("/usr/libexec/ms2m/ms2m-node") && Contains("ms2m node program --output FILE"));
  CHECK_THAT(after(126, "sh: 1: exec: /var/cache/ms2m/ms2m-node-1: Permission denied\n").what(),
             Contains("does not run on node worker-1"));
  CHECK_THAT(after(98, "head: error writing: No space left on device\n").remedy(), Contains("free some space"));
  CHECK_THAT(after(1, "").what(), Contains("exit status 1"));

  const NodeProgram program = NodeProgram::embedded();
  CHECK_NOTHROW(check_machine("worker-1", program, program.machine()));
  CHECK_THROWS_WITH(check_machine("worker-1", program, "aarch65"), Contains("aarch65") && Contains(program.machine()));
  CHECK_NOTHROW(check_greeting("worker-1", {kProtocolVersion, "b", "m", 0}));
  CHECK_THROWS_WITH(check_greeting("worker-1", {kProtocolVersion + 1, "b", "m", 0}), Contains("version"));
  CHECK_THROWS_WITH(check_greeting("worker-1", {kProtocolVersion, "b", "m", 1000}), Contains("user 1000"));
}

TEST_CASE("push: a file is a program, or the command line is wrong", "[push]") {
  const posix::TempDir dir;
  const std::string file = (dir.path() / "x").string();
  const auto kind = [&] {
    try {
      NodeProgram::read(file);
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::inconsistent;
  };
  CHECK(kind() == ErrorKind::usage);
  std::ofstream(file) << "#!/bin/sh\n" << std::string(1000, '#');
  CHECK(kind() == ErrorKind::usage);
  std::ofstream(file, std::ios::binary) << NodeProgram::embedded().bytes();
  const NodeProgram program = NodeProgram::read(file);
  CHECK(program.build() == NodeProgram::embedded().build());
  CHECK(program.machine() == NodeProgram::embedded().machine());
}
