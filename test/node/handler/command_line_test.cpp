// The command line of an OCI runtime.
#include "node/handler/command_line.hpp"
#include "support/catch.hpp"

using namespace ms2m::node;
using Words = std::vector<std::string>;

TEST_CASE("conmon's create", "[node_handler]") {
  const auto line =
      parse_command_line({"--systemd-cgroup", "--root=/run/crun", "create", "--bundle", "/b", "--pid-file", "/p",
                          "--no-pivot", "--no-new-keyring", "--console-socket", "/s", "abc"});
  CHECK(line.command == "create");
  CHECK(line.command_at == 2);
  CHECK(line.global.at("root") == "/run/crun");
  CHECK(line.option("bundle") == "/b");
  CHECK(line.option("pid-file") == "/p");
  CHECK(line.option("console-socket") == "/s");
  CHECK(line.option("no-pivot"));
  CHECK(line.unknown.empty());
  CHECK(line.id() == "abc");
}

TEST_CASE("the shim's create: a value that looks like a command is none", "[node_handler]") {
  const auto line = parse_command_line({"--root", "create", "--log", "/l", "--log-format", "json", "create",
                                        "--bundle=/b", "--pid-file", "start", "abc"});
  CHECK(line.command_at == 6);
  CHECK(line.global.at("log-format") == "json");
  CHECK(line.option("bundle") == "/b");
  CHECK(line.option("pid-file") == "start");
  CHECK(line.operands == Words{"abc"});
}

TEST_CASE("short and single-dash options, options behind operands, and what is not known", "[node_handler]") {
  CHECK(parse_command_line({"create", "-b", "/b", "abc"}).option("bundle") == "/b");
  CHECK(parse_command_line({"create", "-b/b", "abc"}).option("bundle") == "/b");
  CHECK(parse_command_line({"create", "-bundle", "/b", "abc"}).option("bundle") == "/b");
  CHECK(parse_command_line({"create", "abc", "--bundle", "/b"}).option("bundle") == "/b");
  CHECK(parse_command_line({"create", "--", "-abc"}).operands == Words{"-abc"});
  CHECK(parse_command_line({"delete", "--force", "abc"}).id() == "abc");
  CHECK(parse_command_line({"create", "--new", "abc"}).unknown == Words{"--new"});
  CHECK(parse_command_line({"create", "--bundle"}).id().empty());
  for (const Words& none : {Words{}, Words{"--version"}, Words{"--root"}, Words{"--root=/x"}}) {
    CHECK(parse_command_line(none).command.empty());
    CHECK(parse_command_line(none).command_at == none.size());
  }
}

TEST_CASE("another root, in place of the caller's", "[node_handler]") {
  const auto rooted = [](const Words& words) { return with_root(parse_command_line(words), "/r"); };
  CHECK(rooted({"--root", "/x", "state", "a"}) == Words{"--root", "/r", "state", "a"});
  CHECK(rooted({"--log", "--root", "--root=/x", "state", "a"}) == Words{"--log", "--root", "--root=/r", "state", "a"});
  CHECK(rooted({"state", "--root", "a"}) == Words{"--root", "/r", "state", "--root", "a"});
  CHECK(rooted({}) == Words{"--root", "/r"});
}
