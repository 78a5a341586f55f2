// Cases from the world (test/data/cases) that a node is: what a process has open there, and with what it would be
// moved.
#include <fstream>
#include <sstream>

#include "preflight_facts.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;

namespace {

/// Answers every command with the same text.
class CannedShell : public NodeShell {
 public:
  explicit CannedShell(std::string out) : out_(std::move(out)) {}
  CommandResult run(const std::string&, const std::vector<std::string>&, const std::string&,
                    const StopToken&) override {
    CommandResult result;
    result.out = out_;
    return result;
  }
  void open(const std::string&, const StopToken&) override {}
  std::string describe(const std::string& node) const override { return node; }

 private:
  std::string out_;
};

NodeLook look(const std::string& out) {
  CannedShell shell(out);
  return look_at_node(shell, "worker-1", {"", "cri-o://0123456789abcdef", {}}, {});
}

NodeTools tools(const std::string& out) {
  CannedShell shell("tools\n" + out);
  return look_at_tools(shell, "worker-1", "", {});
}

std::vector<Finding> refusals(const Facts& facts, const MigrationRequest& r = request()) {
  std::vector<Finding> found;
  for (const Finding& finding : findings(facts, r))
    if (finding.level == Level::refusal) {
      CHECK_FALSE(finding.cure.empty());
      found.push_back(finding);
    }
  return found;
}

/// Text and cure of the only refusal.
std::string only(const Facts& facts, const MigrationRequest& r = request()) {
  const auto found = refusals(facts, r);
  for (const Finding& finding : found) UNSCOPED_INFO(finding.text);
  REQUIRE(found.size() == 1);
  return found[0].text + " | " + found[0].cure;
}

}  // namespace

TEST_CASE("what a process has open and CRIU cannot carry along", "[case-09]") {
  std::ifstream in(std::string(MS2M_TEST_DATA) + "/cases/open-files.txt");
  REQUIRE(in);
  std::string out;
  for (std::string line; std::getline(in, line);) out += "fd " + line.substr(line.find("-> ") + 3) + "\n";
  // What the node's script finds out about these descriptors.
  out +=
      "deleted 5242880 10240 /tmp/tmpk3x1 (deleted)\nwatch f8\nunix 91442\npath 91500 /run/host/agent.sock\n"
      "ss u_str ESTAB 0 0 * 91442 * 91500\n";
  Facts f = good();
  f.source.look = look(out);
  f.source.look.shm = Content::empty;
  f.source.look.features = f.target.look.features;
  f.source.tools.criu = f.target.tools.criu = "4.2";
  const auto found = refusals(f);
  for (const Finding& finding : found) UNSCOPED_INFO(finding.text);
  REQUIRE(found.size() == 4);
  CHECK_THAT(found[0].text, Contains("io_uring"));
  CHECK_THAT(found[0].cure, Contains("UV_USE_IO_URING=0"));
  CHECK_THAT(found[1].text, Contains("inotify") && Contains("CRIU 4.2"));
  CHECK_THAT(found[1].cure, Contains("CRIU later than 4.2") && Contains("worker-1"));
  CHECK_THAT(found[2].text, Contains("/tmp/tmpk3x1") && Contains("5.0 MiB") && Contains("1.0 MiB"));
  CHECK_THAT(found[2].cure, Contains("ghost-limit 8M") && Contains("/etc/criu/crun.conf"));
  CHECK_THAT(found[3].text, Contains("/run/host/agent.sock"));
  // Each cure is one.
  f.source.tools.criu = "4.3";
  f.source.tools.criu_options["/etc/criu/crun.conf"]["ghost-limit"] = "8M";
  CHECK(refusals(f).size() == 2);
}

TEST_CASE("what a process has open and CRIU carries along", "[case-09]") {
  Facts f = good();
  f.source.tools.criu = "4.2.1";
  const auto with = [&](const std::string& out) {
    const NodeLook seen = look(out);
    f.source.look.anonymous_files = seen.anonymous_files;
    f.source.look.watches_overlay = seen.watches_overlay;
    f.source.look.deleted_files = seen.deleted_files;
    f.source.look.outside_peers = seen.outside_peers;
    f.source.look.unknown_peers = seen.unknown_peers;
    f.source.look.open_files = seen.open_files;
    return f;
  };
  CHECK(refusal(with("fd anon_inode:[eventpoll]\nfd anon_inode:[eventfd]\nfd anon_inode:[timerfd]\n"
                     "fd anon_inode:[signalfd]\nfd pipe:[1]\nfd /dev/null\nfd /dev/pts/0\n"))
            .empty());
  CHECK(refusal(with("fd anon_inode:inotify\nwatch 1\n")).empty());  // of a volume: its handles can be opened
  CHECK_THAT(only(with("fd anon_inode:inotify\nwatch 1\nwatch f8\n")), Contains("4.2.1"));
  CHECK_THAT(only(with("fd anon_inode:inotify\nwatch unknown\n")), Contains("inotify"));
  CHECK_THAT(only(with("fd anon_inode:[userfaultfd]\n")), Contains("userfaultfd"));
  CHECK_THAT(only(with("fd /dev/nvidia0\n")), Contains("/dev/nvidia0"));
  CHECK(refusal(with("deleted 1048576 2048 /tmp/a (deleted)\ndeleted 9000000 17600 /memfd:x (deleted)\n")).empty());
  // Sparse: an older CRIU looks at the one size, a newer one at the other.
  CHECK_THAT(only(with("deleted 1048577 8 /tmp/a b (deleted)\n")), Contains("/tmp/a b") && Contains("ghost-limit 2M"));

  // Both ends are its own; another container's; an end that is closed.
  CHECK(
      refusal(
          with(
              "fd socket:[1]\nfd socket:[2]\nunix 1\nunix 2\nss u_str ESTAB 0 0 * 1 * 2\nss u_str ESTAB 0 0 * 2 * 1\n"))
          .empty());
  CHECK(refusal(with("fd socket:[1]\nunix 7\nss u_str ESTAB 0 0 * 7 * 8\n")).empty());
  CHECK(refusal(with("fd socket:[1]\nunix 1\nss u_str ESTAB 0 0 * 1 * 0\n")).empty());
  CHECK_THAT(only(with("fd socket:[1]\nunix 1\nss u_dgr ESTAB 0 0 * 1 * 9\n")), Contains("another process"));
  const Facts many = with("fd socket:[1]\nunix 1\nss u_str ESTAB 0 0 * 1 * 9\nmany\n");
  CHECK(refusal(many).empty());
  CHECK_THAT(warning(many), Contains("could not be told"));
  const Facts unknown = with("fd socket:[1]\nunix 1\n");
  CHECK(refusal(unknown).empty());
  CHECK_THAT(warning(unknown), Contains("could not be told"));
}

TEST_CASE("versions and configuration of both nodes' tools", "[case-10]") {
  const bool at_source = GENERATE(true, false);
  const char* name = at_source ? "worker-1" : "worker-2";
  Facts f = good();
  NodeTools& of = at_source ? f.source.tools : f.target.tools;
  CHECK(refusal(f).empty());
  CHECK(warning(f).empty());

  of.crun = "1.21";
  CHECK_THAT(only(f), Contains(name) && Contains("crun 1.21") && Contains("crun 1.26"));
  of = good_tools();
  of.criu = "3.17.1";
  CHECK_THAT(only(f), Contains(name) && Contains("CRIU 3.17.1") && Contains("4.2"));
  of.oci = "runc";
  of.criu_options["/etc/criu/runc.conf"] = of.criu_options["/etc/criu/crun.conf"];
  CHECK(refusal(f).empty());
  CHECK_THAT(warning(f), Contains("CRIU 3.17.1"));
  of = good_tools();
  of.criu = "";
  CHECK_THAT(only(f), Contains(name) && Contains("CRIU is not installed"));
  of = good_tools();
  of.crun_without_criu = true;
  CHECK_THAT(only(f), Contains("built without CRIU"));

  of = good_tools();
  of.criu_options.clear();
  CHECK_THAT(only(f), Contains(name) && Contains("tcp-close and skip-in-flight into /etc/criu/crun.conf"));
  of.criu_options["/etc/criu/runc.conf"] = {{"tcp-close", ""}, {"skip-in-flight", ""}};
  CHECK(refusal(f).empty());  // crun reads runc's when its own is not there
  of.criu_options["/etc/criu/crun.conf"] = {{"ghost-limit", "8M"}};
  CHECK_THAT(only(f), Contains("/etc/criu/crun.conf"));
  of.oci = "runc";
  CHECK(refusal(f).empty());
  of = good_tools();
  of.criu_options["/etc/criu/crun.conf"].erase("skip-in-flight");
  CHECK(refusal(f).empty());
  CHECK(warning(f).empty() == !at_source);
  of.criu_options["/etc/criu/crun.conf"] = {{"tcp-established", ""}, {"skip-in-flight", ""}};
  CHECK(refusal(f).empty() == at_source);

  of = NodeTools{};
  CHECK(refusal(f).empty());
  CHECK_THAT(warning(f), Contains(name) && Contains("could not be found out"));
}

TEST_CASE("what CRI-O may do", "[case-10]") {
  const bool at_source = GENERATE(true, false);
  Facts f = good();
  NodeTools& of = at_source ? f.source.tools : f.target.tools;
  of.crio_criu_support.reset();
  CHECK(refusal(f).empty());  // on by default since 1.30
  MigrationRequest sequential = request();
  sequential.strategy = Strategy::sequential;

  of.crio_knows_levels = true;  // and checkpoint_only is its default
  for (const char* level : {"", "checkpoint_only"}) {
    of.crio_level = level;
    // Whoever removes the source first may have to restore it there.
    CHECK_THAT(only(f, at_source ? sequential : request()),
               Contains("not restore") && Contains("container_level_enabled = \"checkpoint_restore\"") &&
                   Contains("[crio.checkpoint_restore]") && Contains("without enable_criu_support"));
    if (at_source) CHECK(refusal(f).empty());
  }
  of.crio_level = "none";
  CHECK_THAT(only(f), Contains("switched off") && Contains("checkpoint_restore"));
  of.crio_level = "checkpoint_restore";
  CHECK(refusal(f).empty());

  of = good_tools();
  of.crio_criu_support = false;
  CHECK_THAT(only(f), Contains("switched off") && Contains("enable_criu_support = true below [crio.runtime]"));
  of.crio_criu_support.reset();
  (at_source ? f.source : f.target).object->at("status")["nodeInfo"]["containerRuntimeVersion"] = "cri-o://1.29.4";
  CHECK_THAT(only(f), Contains("enable_criu_support = true"));
  of.crio_configured = false;
  CHECK(refusal(f).empty());
  CHECK_THAT(warning(f), Contains("could not be read"));
}

TEST_CASE("which containerd restores", "[case-10]") {
  Facts f = good();
  NodeTools& of = f.target.tools;
  const auto texts = [&](const char* version) {
    f.target.object->at("status")["nodeInfo"]["containerRuntimeVersion"] = version;
    std::string all;
    for (const Finding& finding : refusals(f)) all += finding.text + " | " + finding.cure + "\n";
    return all;
  };
  const std::string setting = "enable_experimental_restore_via_create = true";
  for (const char* off : {"containerd://2.2.7", "containerd://2.3.4", "containerd://2.3.11"})
    CHECK_THAT(texts(off), Contains(setting) && Contains("worker-2"));
  for (const char* on : {"containerd://2.1.9+unknown", "containerd://2.2.6", "containerd://2.3.3"})
    CHECK_THAT(texts(on), !Contains(setting) && Contains("cannot bring a checkpoint"));
  for (const char* gone : {"containerd://2.4.0", "containerd://2.4.0-beta.0", "containerd://3.0.1"})
    CHECK_THAT(texts(gone), Contains("has removed it") && Contains("CRI-O"));
  for (const char* old : {"containerd://1.7.27", "containerd://2.0.5"})
    CHECK_THAT(texts(old), Contains("cannot restore") && Contains("CRI-O"));
  of.containerd_restores = true;
  CHECK_THAT(texts("containerd://2.3.4"), !Contains(setting));
  of.containerd_criu = false;
  CHECK_THAT(texts("containerd://2.3.4"), Contains("enable_criu = true"));
}

TEST_CASE("what a node's tools answer", "[case-10]") {
  const NodeTools crio = tools(
      "criu Version: 4.2.1\ncriu GitID: v4.2.1\ncrun crun version 1.28\ncrun commit: abc\n"
      "crun spec: 1.0.0\ncrun +SYSTEMD +SELINUX +CRIU +YAJL\noptions /etc/criu/crun.conf\noption tcp-close\n"
      "option   ghost-limit = 16M\noptions /etc/criu/runc.conf\noption tcp-established\ncrio-configured\n"
      "crio enable_criu_support true\ncrio default_runtime \"crun\"\ncrio signature_policy \"\"\n"
      "crio container_level_enabled \"checkpoint_only\" # the default\ncrio-levels\nmonitor /usr/libexec/crio/crun\n");
  CHECK(crio.asked);
  CHECK(crio.criu == "4.2.1");
  CHECK(crio.crun == "1.28");
  CHECK_FALSE(crio.crun_without_criu);
  CHECK(crio.runc.empty());
  CHECK(crio.oci == "crun");
  CHECK(criu_options(crio).count("tcp-close") == 1);
  CHECK(ghost_limit(crio) == Bytes{16 << 20});
  CHECK(crio.crio_criu_support == true);
  CHECK(crio.crio_level == "checkpoint_only");
  CHECK(crio.crio_knows_levels);
  CHECK(crio.crio_signature_policy.empty());
  const NodeTools other = tools(
      "runc runc version 1.3.6\ncrun crun version 1.21\ncrun +SYSTEMD +YAJL\ncontainerd-configured\n"
      "containerd enable_criu false\ncontainerd enable_experimental_restore_via_create true\nmonitor /usr/bin/runc\n");
  CHECK(other.oci == "runc");
  CHECK(other.crun_without_criu);
  CHECK(other.criu.empty());
  CHECK(other.containerd_criu == false);
  CHECK(other.containerd_restores == true);
  CHECK(criu_config_file(other) == "/etc/criu/runc.conf");
  CHECK(ghost_limit(other) == Bytes{1 << 20});
  CHECK(version_numbers("v1.36.3-dev") == std::vector<int>{1, 36, 3});
  CHECK(version_numbers("2.1.9+unknown") == std::vector<int>{2, 1, 9});
  CHECK(version_numbers("unknown").empty());
}
