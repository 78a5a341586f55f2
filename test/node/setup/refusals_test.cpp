// What a setup does not understand it does not touch.
#include "nodes.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Matchers::Contains;

namespace {

/// Refused, with this text, and nothing is changed.
void refuses(const SetupNode& node, const std::string& text) {
  const auto before = node.all();
  const Thrown thrown = thrown_by([&] { node.look(); });
  CHECK(thrown.kind == ErrorKind::refused);
  CHECK_THAT(thrown.text, Contains("worker-1") && Contains(text));
  CHECK_FALSE(thrown.remedy.empty());
  CHECK(node.all() == before);
}

}  // namespace

TEST_CASE("another handler of that name", "[node_setup]") {
  SetupNode crio = SetupNode::crio();
  crio.file("/etc/crio/crio.conf.d/20-x.conf", "[crio.runtime.runtimes.ms2m]\nruntime_path = \"/x\"\n");
  refuses(crio, "20-x.conf has a runtime ms2m");
  SetupNode containerd = SetupNode::containerd();
  containerd.file("/etc/containerd/config.toml",
                  "version = 2\nimports = [\"conf.d/*.toml\", '/etc/containerd/conf.d/*.toml']\n");
  containerd.file("/etc/containerd/conf.d/x.toml",
                  "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.ms2m]\n");
  refuses(containerd, "a runtime ms2m that is not this tool's");
}

TEST_CASE("a drop-in of that name that has other lines", "[node_setup]") {
  SetupNode node = SetupNode::crio();
  node.file("/etc/crio/crio.conf.d/99-ms2m.conf", "[crio.runtime]\n");
  refuses(node, "99-ms2m.conf has lines");
}

TEST_CASE("containerd's files that are not understood", "[node_setup]") {
  SetupNode node = SetupNode::containerd();
  const auto settings = [&](const std::string& text) { node.file("/etc/containerd/config.toml", text); };
  settings("[plugins]\n");
  refuses(node, "is of version 1");
  settings("version = 9\n");
  refuses(node, "is of version 9");
  settings("version = 3\nimports = [\"/etc/containerd/mine.toml\"]\n");
  refuses(node, "imports other files than /etc/containerd/conf.d/*.toml");
  settings("version = 3\nimports = [\n  1,\n]\n");
  refuses(node, "cannot be followed");
  settings(
      "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd]\ndefault_runtime_name = \"kata\"\n"
      "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]\nruntime_type = \"io.containerd.kata.v2\"\n");
  refuses(node, "has the type io.containerd.kata.v2");
  settings("version = 2\n");
  node.runtime = "containerd://1.7.22";
  refuses(node, "does not merge drop-in files");
  std::filesystem::remove(node.place.system + "/etc/containerd/config.toml");
  refuses(node, "there is no /etc/containerd/config.toml");
}

TEST_CASE("an OCI runtime that is neither crun nor runc", "[node_setup]") {
  SetupNode node = SetupNode::crio();
  node.file(
      "/etc/crio/crio.conf.d/20-x.conf",
      "[crio.runtime]\ndefault_runtime = \"youki\"\n[crio.runtime.runtimes.youki]\nruntime_path = \"/bin/true\"\n");
  refuses(node, "/bin/true is neither crun nor runc");
  node.file("/etc/crio/crio.conf.d/20-x.conf", "[crio.runtime]\ndefault_runtime = \"ms2m\"\n");
  refuses(node, "default runtime ms2m");
}

TEST_CASE("CRIU options that contradict", "[node_setup]") {
  SetupNode node = SetupNode::crio();
  node.file("/etc/criu/crun.conf", "tcp-established\n");
  refuses(node, "tcp-established");
}

TEST_CASE("a link in the place of a file, and a file that others may write", "[node_setup]") {
  SetupNode node = SetupNode::crio();
  const std::string file = node.place.system + "/etc/criu/crun.conf";
  REQUIRE(::chmod(file.c_str(), 0666) == 0);
  refuses(node, "others than root could have written");
  std::filesystem::remove(file);
  std::filesystem::create_symlink("/etc/passwd", file);
  refuses(node, "no regular file");
}

TEST_CASE("a container runtime that is not known", "[node_setup]") {
  SetupNode node = SetupNode::crio();
  node.runtime = "docker://20.10";
  refuses(node, "it runs docker://20.10");
  CHECK(node.tools().handler.empty());
}

TEST_CASE("files that have changed since they were shown", "[node_setup]") {
  SetupNode node = SetupNode::crio();
  NodeSetupPlan plan = node.look();
  node.file("/etc/criu/crun.conf", "tcp-close\nlog-file x\n");
  const auto before = node.all();
  CHECK(thrown_by([&] { node.apply(SetupWay::install, plan); }).kind == ErrorKind::conflict);
  // What is sent is no file's contents: only what the node itself would write is written.
  plan = node.look();
  plan.files.back().after = "[crio]\n";
  CHECK(thrown_by([&] { node.apply(SetupWay::install, plan); }).kind == ErrorKind::conflict);
  plan = node.look();
  plan.files.push_back({"/etc/passwd", SetupKind::text, {}, "x"});
  CHECK(thrown_by([&] { node.apply(SetupWay::install, plan); }).kind == ErrorKind::conflict);
  CHECK(node.all() == before);
}

TEST_CASE("who stands on the node asks containerd itself for its version", "[node_setup]") {
  SetupNode node = SetupNode::containerd();
  node.runtime = "containerd://";
  const auto says = [&](const std::string& version) {
    node.tool("containerd", "[ \"$1\" = --version ] && echo containerd github.com/containerd/containerd/v2 " + version);
  };
  says("v2.1.9 abcdef");
  CHECK(node.look().changes());
  says("2.0.0~ds1 2.0.0~ds1-1");
  CHECK(node.look().changes());
  says("1.6.20~ds1 1.6.20~ds1-1+deb12u1");
  refuses(node, "containerd://1.6.20~ds1 does not merge drop-in files");
  says("");
  refuses(node, "the version of its containerd cannot be told");
}
