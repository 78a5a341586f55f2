// Setup of a node and its end, for each kind of container runtime.
#include "ms2m/json.hpp"
#include "nodes.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
namespace fs = std::filesystem;

namespace {

constexpr const char* kCriuEnd = "# end: written by ms2m node setup\n";

/// The settings of the handler, without the directories.
Json settings_of(const SetupNode& node) { return Json::parse(node.at(node::kHandlerSettings)); }

}  // namespace

TEST_CASE("setup of a node with CRI-O", "[node_setup]") {
  const SetupNode node = SetupNode::crio();
  const auto before = node.all();
  const NodeSetupPlan plan = node.look();
  CHECK(node.all() == before);
  CHECK(plan.service == "crio");
  CHECK(plan.changes());
  node.apply(SetupWay::install, plan);
  for (const SetupFile& file : plan.files) {
    INFO(file.path);
    CHECK(node.has(file.path));
    if (file.kind == SetupKind::text) CHECK(node.at(file.path) == file.after);
  }
  CHECK(node.at("/usr/libexec/ms2m/ms2m-node") == content(MS2M_NODE_AT));
  CHECK(fs::read_symlink(node.place.system + "/usr/libexec/ms2m/ms2m-runtime") == "ms2m-node");
  CHECK(settings_of(node)["runtime"] == "/usr/libexec/crio/crun");
  CHECK(settings_of(node)["kind"] == "crun");
  CHECK(settings_of(node)["root"] == "/run/crun");
  CHECK_THAT(node.at("/etc/crio/crio.conf.d/99-ms2m.conf"),
             Contains("[crio.runtime.runtimes.ms2m]\nruntime_path = \"/usr/libexec/ms2m/ms2m-runtime\"\nruntime_type = "
                      "\"oci\"\nruntime_root = \"/run/crun\"\nmonitor_path = \"/usr/libexec/crio/conmon\"\n"
                      "allowed_annotations = [ \"io.containers.trace-syscall\", ]\n"));
  // What was there ended without a line break, and had one of the two.
  CHECK_THAT(node.at("/etc/criu/crun.conf"),
             StartsWith("tcp-close\n# begin") && EndsWith(std::string("\nskip-in-flight\n") + kCriuEnd));
  node.remove();
  CHECK(node.all() == before);
}

TEST_CASE("setup of a node with containerd", "[node_setup]") {
  const SetupNode node = SetupNode::containerd();
  const auto before = node.all();
  node.install();
  CHECK(settings_of(node)["runtime"] == node.place.system + "/usr/libexec/crio/runc");
  CHECK(settings_of(node)["kind"] == "runc");
  CHECK(settings_of(node)["root"] == "");
  CHECK_THAT(node.at("/etc/containerd/conf.d/ms2m.toml"),
             Contains("version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.ms2m]\nruntime_type = "
                      "\"io.containerd.runc.v2\"\npod_annotations = [\"ms2m.io/*\"]\n"
                      "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.ms2m.options]\nBinaryName = "
                      "\"/usr/libexec/ms2m/ms2m-runtime\"\nSystemdCgroup = true\n"));
  CHECK_THAT(node.at("/etc/containerd/config.toml"),
             StartsWith("# a node's own\nversion = 3\n# begin") &&
                 Contains("\nimports = [\"/etc/containerd/conf.d/*.toml\"]\n# end") &&
                 EndsWith("SystemdCgroup = true"));
  CHECK_THAT(node.at("/etc/criu/runc.conf"), Contains("\ntcp-close\nskip-in-flight\n"));
  CHECK_FALSE(node.has("/etc/criu/crun.conf"));
  node.remove();
  CHECK(node.all() == before);
}

TEST_CASE("a node's settings may quote the version's name, and end in blanks", "[node_setup]") {
  for (const char* text : {"\"version\" = 3\n  ", " 'version' = 2", "# nothing of it\nversion = 3 \n\t"}) {
    INFO(text);
    const SetupNode node = SetupNode::containerd();
    node.file("/etc/containerd/config.toml", text);
    const auto before = node.all();
    node.install();
    CHECK(node.at("/etc/containerd/config.toml").find("version") <
          node.at("/etc/containerd/config.toml").find("# begin"));
    node.remove();
    CHECK(node.all() == before);
  }
}

TEST_CASE("a node is set up once", "[node_setup]") {
  for (const SetupNode& node : {SetupNode::crio(), SetupNode::containerd()}) {
    node.install();
    const auto once = node.all();
    const NodeSetupPlan plan = node.look();
    for (const SetupFile& file : plan.files) {
      INFO(file.path);
      CHECK_FALSE(file.changes());
    }
    node.apply(SetupWay::install, plan);
    CHECK(node.all() == once);
    node.remove();
    CHECK_FALSE(node.look(SetupWay::remove).changes());
  }
}

TEST_CASE("what others have added stays when a setup is taken back", "[node_setup]") {
  SetupNode node = SetupNode::containerd();
  node.install();
  node.file("/etc/containerd/config.toml", node.at("/etc/containerd/config.toml") + "\noom_score = 1\n");
  node.file("/etc/criu/runc.conf", node.at("/etc/criu/runc.conf") + "ghost-limit 16M\n");
  node.file("/etc/ms2m/notes", "mine");
  node.remove();
  CHECK(node.at("/etc/containerd/config.toml") == std::string(kContainerdFile) + "\noom_score = 1\n");
  CHECK(node.at("/etc/criu/runc.conf") == "ghost-limit 16M\n");
  CHECK(node.at("/etc/ms2m/notes") == "mine");
  CHECK_FALSE(node.has("/etc/ms2m/runtime.json"));
}

TEST_CASE("a program that somebody has installed comes back", "[node_setup]") {
  SetupNode node = SetupNode::crio();
  node.file("/usr/libexec/ms2m/ms2m-node", "an earlier one");
  ::chmod((node.place.system + node::kProgramPath).c_str(), 0755);
  const auto before = node.all();
  CHECK_FALSE(node.look(SetupWay::remove).changes());
  node.install();
  CHECK(node.at(node::kProgramPath) == content(MS2M_NODE_AT));
  CHECK_FALSE(node.look().changes());
  node.remove();
  CHECK(node.all() == before);
}

TEST_CASE("a handler of another build is replaced", "[node_setup]") {
  SetupNode node = SetupNode::crio();
  CHECK(node.tools().handler.empty());
  const auto before = node.all();
  node.install();
  const std::string build = node.tools().handler;
  CHECK(build.size() == 16);
  CHECK(node.tools().handler_configured);
  node.file(node::kProgramPath, "an older build");
  CHECK(node.tools().handler != build);
  const NodeSetupPlan plan = node.look();
  for (const SetupFile& file : plan.files) CHECK(file.changes() == (file.path == node::kProgramPath));
  node.apply(SetupWay::install, plan);
  CHECK(node.tools().handler == build);
  node.remove();
  CHECK(node.all() == before);
}

TEST_CASE("what was begun is brought to its end", "[node_setup]") {
  const SetupNode node = SetupNode::crio();
  const auto before = node.all();
  node.install();
  const auto whole = node.all();
  // Each file of it gone, as if the program had died before it was written.
  for (const SetupFile& file : node.look().files) {
    if (file.kind == SetupKind::directory || file.path == "/etc/ms2m/runtime.json") continue;
    INFO(file.path);
    fs::remove(node.place.system + file.path);
    if (file.path == "/etc/criu/crun.conf") put(node.place.system + file.path, "tcp-close");
    node.install();
    CHECK(node.all().size() == whole.size());
  }
  node.remove();
  CHECK(node.all().size() == before.size());
}
