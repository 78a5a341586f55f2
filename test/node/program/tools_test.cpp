// What a node's tools answer: the texts alone, and programs of that name.
#include <sys/stat.h>
#include <unistd.h>

#include "node/runtime/kinds.hpp"
#include "node/runtime/settings.hpp"
#include "session.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;
namespace fs = std::filesystem;

namespace {

constexpr const char* kCrio =
    "[crio.runtime]\n  enable_criu_support = true\n\tdefault_runtime = \"crun\"\n# enable_criu_support = false\n"
    "signature_policy = \"\"\n[crio.checkpoint_restore]\ncontainer_level_enabled = \"checkpoint_only\" # the default\n";
constexpr const char* kContainerd = "    enable_criu = false\n    enable_experimental_restore_via_create = true\n";

void program(const fs::path& path, const std::string& text) {
  put(path, "#!/bin/sh\n" + text);
  REQUIRE(::chmod(path.c_str(), 0755) == 0);
}

}  // namespace

TEST_CASE("versions as tools print them", "[node_program][case-10]") {
  CHECK(version_in("Version: 4.2.1\nGitID: v4.2.1\n") == "4.2.1");
  CHECK(version_in("crun version 1.28\ncommit: abc\n+SYSTEMD +CRIU\n") == "1.28");
  CHECK(version_in("runc version 1.3.6\nspec: 1.2.0\n") == "1.3.6");
  CHECK(version_in("") == "");
  CHECK_FALSE(lacks_criu("crun version 1.28\n+SYSTEMD +SELINUX +CRIU +YAJL\n"));
  CHECK(lacks_criu("crun version 1.21\n+SYSTEMD +YAJL\n"));
  CHECK_FALSE(lacks_criu("crun version 1.21\n"));
}

TEST_CASE("CRIU's options", "[node_program][case-10]") {
  CHECK(read_criu_options(
            "tcp-close\n  ghost-limit = 16M\n--skip-in-flight # why\n# tcp-established\n\nlog-file \"/a\"\n") ==
        std::map<std::string, std::string>{
            {"ghost-limit", "16M"}, {"log-file", "/a"}, {"skip-in-flight", ""}, {"tcp-close", ""}});
  CHECK(read_criu_options("").empty());
}

TEST_CASE("what CRI-O and containerd are told", "[node_program][case-10]") {
  NodeTools tools;
  CHECK(crio_kind().read(kCrio, true, tools) == "crun");
  CHECK(tools.crio_knows_levels);
  CHECK(tools.crio_configured);
  CHECK(tools.crio_criu_support == true);
  CHECK(tools.crio_level == "checkpoint_only");
  CHECK(tools.crio_signature_policy.empty());
  CHECK(containerd_kind().read(kContainerd, false, tools).empty());
  CHECK(tools.containerd_configured);
  CHECK(tools.containerd_criu == false);
  CHECK(tools.containerd_restores == true);
  NodeTools nothing;
  CHECK(crio_kind().read("", false, nothing).empty());
  CHECK_FALSE(nothing.crio_configured);
  CHECK_FALSE(nothing.crio_criu_support);
}

TEST_CASE("which OCI runtime is in use", "[node_program][case-10]") {
  NodeTools both;
  both.crun = "1.28";
  both.runc = "1.3.6";
  CHECK(oci_in_use("/usr/libexec/crio/crun", "runc", {}, both) == "crun");
  CHECK(oci_in_use("", "runc", {}, both) == "runc");
  CHECK(oci_in_use("/usr/bin/kata", "", {}, both).empty());
  CHECK(oci_in_use("", "", {crio_kind().oci}, both) == "crun");
  CHECK(oci_in_use("", "", {containerd_kind().oci, crio_kind().oci}, both) == "runc");
  NodeTools one;
  one.runc = "1.3.6";
  CHECK(oci_in_use("", "", {crio_kind().oci}, one) == "runc");
}

TEST_CASE("a container's control group has its runtime's name", "[node_program]") {
  const auto names = control_group_names("0f");
  for (const char* name : {"crio-0f.scope", "cri-containerd-0f.scope", "docker-0f.scope", "crio-0f", "0f"}) {
    INFO(name);
    CHECK(std::count(names.begin(), names.end(), name) == 1);
  }
}

TEST_CASE("the tools of a node", "[node_program][case-10]") {
  const Place place;
  const std::string id(64, 'e');
  program(place.path("bin/criu"), "echo Version: 4.2.1");
  program(place.path("bin/crun"), "echo crun version 1.21");
  program(place.system + "/usr/libexec/crio/crun", "echo crun version 1.28; echo +SYSTEMD +CRIU");
  program(place.path("bin/runc"), "exit 1");
  put(place.path("crio's own"), kCrio);
  program(place.path("bin/crio"), "[ \"$*\" = 'status config' ] && cat \"" + place.path("crio's own") + "\"");
  program(place.path("bin/containerd"), "exec sleep 60  # does not answer");
  put(place.system + "/etc/containerd/config.toml", kContainerd);
  put(place.system + "/etc/criu/crun.conf", "tcp-close\n");
  program(place.path("bin/conmon"), "read line");
  posix::Child monitor({{place.path("bin/conmon"), "-c", id, "-r", "/usr/bin/runc"}, {}});
  Session session(place.program(), {{"PATH", place.path("bin")}});
  session.hello();
  const auto asked = session.begin(Tools{"cri-o://" + id});
  const NodeTools tools = session.finish<Tools>(asked);
  CHECK(tools.asked);
  CHECK(tools.criu == "4.2.1");
  CHECK(tools.crun == "1.28");
  CHECK_FALSE(tools.crun_without_criu);
  CHECK(tools.criu_options ==
        std::map<std::string, std::map<std::string, std::string>>{{"/etc/criu/crun.conf", {{"tcp-close", ""}}}});
  CHECK(tools.crio_configured);
  CHECK(tools.crio_level == "checkpoint_only");
  CHECK_FALSE(tools.crio_knows_levels);
  CHECK(tools.containerd_configured);
  CHECK(tools.containerd_criu == false);
  CHECK(tools.oci == "crun");                // a script's first word is its shell: no monitor, so CRI-O's default
  fs::remove(place.path("bin/containerd"));  // it took five seconds
  put(place.path("bin/crio"), content(place.path("bin/crio")) + "# container_level_enabled\n");
  CHECK(session.call(Tools{""}).crio_knows_levels);
}
