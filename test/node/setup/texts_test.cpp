// Configuration files as texts.
#include "node/protocol/setup_paths.hpp"
#include "node/runtime/toml.hpp"
#include "node/setup/marked.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::node;

TEST_CASE("marked lines come out as they went in", "[node_setup]") {
  for (const Text& file : {Text(), Text(""), Text("a"), Text("a\n"), Text("a\nb"), Text("\n\n")})
    for (const std::size_t at : {std::string::npos, std::size_t{0}, std::size_t{2}}) {
      INFO((file ? "'" + *file + "'" : "none") << " at " << at);
      const Text with = with_marked(file, "x\n", at);
      REQUIRE(with);
      CHECK(with != file);
      CHECK(without_marked(with) == file);
      CHECK(without_marked(*with + "more\n") == file.value_or("") + "more\n");
    }
  CHECK(with_marked(Text("a"), "") == Text("a"));
  CHECK(without_marked(Text("a # begin: written by ms2m node setup\n")) ==
        Text("a # begin: written by ms2m node setup\n"));
}

TEST_CASE("tables of a configuration", "[node_setup]") {
  const auto tables = read_tables(
      "version = 2 # why\n[a.'b.c'.\"d\"]\nx = \"1 # no\" # yes\nlist = [ 'p', # one\n  \"q\",\n]\n[e]\nf.g = true\n# "
      "h = 1\n");
  CHECK(last_value(tables, {}, "version") == "2");
  CHECK(last_value(tables, {"b.c", "d"}, "x") == "\"1 # no\"");
  CHECK(plain_string("\"1 # no\"") == "1 # no");
  CHECK(plain_string("1").empty());
  CHECK(string_list(last_value(tables, {"a", "b.c", "d"}, "list").value_or("")) == std::vector<std::string>{"p", "q"});
  CHECK_FALSE(string_list("[1, 2]"));
  CHECK_FALSE(string_list("\"a\""));
  CHECK(last_value(tables, {"e", "f"}, "g") == "true");
  CHECK_FALSE(last_value(tables, {"e"}, "h"));
  CHECK_FALSE(last_value(tables, {"d"}, "version"));
}

TEST_CASE("the places of a setup are few", "[node_setup]") {
  const RuntimeRow* crio = runtime_row("cri-o://1.36.3");
  REQUIRE(crio != nullptr);
  for (const char* path : {kProgramPath, kHandlerPath, kHandlerSettings, "/etc/criu/crun.conf", "/etc/criu",
                           "/etc/crio/crio.conf.d/99-ms2m.conf", "/usr/libexec"})
    CHECK(is_setup_path(*crio, path));
  for (const char* path : {"", "/", "/etc/passwd", "/etc/containerd/config.toml", "/etc/criu/crun.conf/x", "etc"})
    CHECK_FALSE(is_setup_path(*crio, path));
  CHECK(runtime_row("containerd://2.1.9+unknown")->drop_in == std::string("/etc/containerd/conf.d/ms2m.toml"));
  CHECK(runtime_row("docker://1") == nullptr);
  CHECK(runtime_row("") == nullptr);
}
