// Cases from the world (test/data/cases) that a node is: what a process has open there, and with what it would be
// moved.
#include "plan/restoring.hpp"
#include "support/preflight_facts.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;

namespace {

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
  Facts f = good();
  NodeLook& seen = f.source.look = NodeLook{};
  // What there is to be found of cases/open-files.txt.
  seen.anonymous_files = {"eventpoll", "io_uring", "inotify"};
  seen.watches_overlay = true;
  seen.deleted_files = {{"/tmp/tmpk3x1", {5u << 20}}};
  seen.outside_peers = {"/run/host/agent.sock"};
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
  const auto with = [&](const std::function<void(NodeLook&)>& change) {
    Facts changed = f;
    change(changed.source.look);
    return changed;
  };
  CHECK(refusal(with([](NodeLook& l) {
          l.anonymous_files = {"eventpoll", "eventfd", "timerfd", "signalfd", "inotify"};  // a watch of a volume
          l.open_files = {"/data/x"};
        })).empty());
  const auto inotify = [](NodeLook& l) { l.anonymous_files = {"inotify"}, l.watches_overlay = true; };
  CHECK_THAT(only(with(inotify)), Contains("4.2.1") && Contains("inotify"));
  CHECK_THAT(only(with([](NodeLook& l) { l.anonymous_files = {"userfaultfd"}; })), Contains("userfaultfd"));
  CHECK_THAT(only(with([](NodeLook& l) { l.open_files = {"/dev/nvidia0"}; })), Contains("/dev/nvidia0"));
  CHECK(refusal(with([](NodeLook& l) { l.deleted_files = {{"/tmp/a", {1u << 20}}}; })).empty());
  CHECK_THAT(only(with([](NodeLook& l) {
               l.deleted_files = {{"/tmp/a b", {(1u << 20) + 1}}};
             })),
             Contains("/tmp/a b") && Contains("ghost-limit 2M"));
  CHECK_THAT(only(with([](NodeLook& l) { l.outside_peers = {""}; })), Contains("another process"));
  const Facts unknown = with([](NodeLook& l) { l.unknown_peers = true; });
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
  CHECK_THAT(only(f), Contains(at_source ? "worker-1 run with runc" : "worker-2 with runc"));
  f.source.tools.oci = f.target.tools.oci = "";  // not known: nothing speaks against it
  of.oci = "runc";
  CHECK(refusal(f).empty());
  CHECK_THAT(warning(f), Contains("CRIU 3.17.1"));
  f = good();
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
  (at_source ? f.target : f.source).tools.oci = "";
  of.oci = "runc";
  CHECK(refusal(f).empty());
  f = good();
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
  (at_source ? f.source : f.target).node->runtime = "cri-o://1.29.4";
  CHECK_THAT(only(f), Contains("enable_criu_support = true"));
  of.crio_configured = false;
  CHECK(refusal(f).empty());
  CHECK_THAT(warning(f), Contains("could not be read"));
}

TEST_CASE("which containerd restores", "[case-10]") {
  Facts f = good();
  NodeTools& of = f.target.tools;
  const auto texts = [&](const char* version) {
    f.target.node->runtime = version;
    std::string all;
    for (const Finding& finding : refusals(f)) all += finding.text + " | " + finding.cure + "\n";
    return all;
  };
  const std::string setting = "enable_experimental_restore_via_create";
  for (const char* off : {"containerd://2.2.7", "containerd://2.3.4", "containerd://2.3.11"})
    CHECK_THAT(texts(off), Contains(setting) && Contains("worker-2"));
  for (const char* on : {"containerd://2.1.9+unknown", "containerd://2.2.6", "containerd://2.3.3"})
    CHECK_THAT(texts(on), !Contains(setting) && Contains("images that ms2m does not make"));
  for (const char* gone : {"containerd://2.4.0", "containerd://2.4.0-beta.0", "containerd://3.0.1"})
    CHECK_THAT(texts(gone), Contains("has removed it"));
  for (const char* old : {"containerd://1.7.27", "containerd://2.0.5"})
    CHECK_THAT(texts(old), Contains("cannot restore") && Contains("ms2m node setup worker-2"));
  of.containerd_restores = true;
  CHECK_THAT(texts("containerd://2.3.4"), !Contains(setting));
  of.containerd_criu = false;
  CHECK_THAT(texts("containerd://2.3.4"), Contains("enable_criu = true"));
}

TEST_CASE("containerd by the handler: nothing of its own restore counts, and both nodes have to have it", "[case-10]") {
  Facts f = good();
  f.procedure.restoring = Restoring::handler;
  for (NodeFacts* each : {&f.source, &f.target}) each->node->runtime = "containerd://2.4.0";
  f.target.tools.containerd_criu = false;
  CHECK(refusal(f).empty());
  f.source.tools.containerd_criu = false;  // whose kubelet is to checkpoint
  CHECK_THAT(refusal(f), Contains("switched off"));
  f.source.tools.containerd_criu.reset();
  f.source.node->runtime = "cri-o://1.36.1";
  CHECK_THAT(refusal(f), Contains("run with cri-o") && Contains("with containerd"));
}

TEST_CASE("what a node's tools mean", "[case-10]") {
  NodeTools tools;
  CHECK(criu_config_file(tools) == "/etc/criu/crun.conf");
  CHECK(ghost_limit(tools) == Bytes{1 << 20});
  tools.criu_options = {{"/etc/criu/crun.conf", {{"tcp-close", ""}, {"ghost-limit", "16M"}}},
                        {"/etc/criu/runc.conf", {{"tcp-established", ""}}}};
  tools.oci = "crun";
  CHECK(criu_options(tools).count("tcp-close") == 1);
  CHECK(ghost_limit(tools) == Bytes{16 << 20});
  tools.oci = "runc";
  CHECK(criu_config_file(tools) == "/etc/criu/runc.conf");
  CHECK(ghost_limit(tools) == Bytes{1 << 20});
  CHECK(version_numbers("v1.36.3-dev") == std::vector<int>{1, 36, 3});
  CHECK(version_numbers("2.1.9+unknown") == std::vector<int>{2, 1, 9});
  CHECK(version_numbers("unknown").empty());
}

TEST_CASE("a handler that another build prepares restores for is not used", "[node_setup]") {
  Facts f = good();
  f.handler_class = true;
  for (NodeFacts* node : {&f.source, &f.target}) {
    node->tools.asked = node->tools.handler_configured = true;
    node->tools.handler = node->tools.program = "fedcba9876543210";
    node->tools.handler_here = "0123456789abcdef";
  }
  MigrationRequest asked = request();
  const auto against = [&] {
    const auto trouble = against_handler(f, asked);
    return trouble ? trouble->text + " | " + trouble->cure : "";
  };
  CHECK(against().empty());  // one build of both, older than this ms2m
  f.target.tools.program = "0123456789abcdef";
  CHECK_THAT(against(), Contains("handler of node worker-2 is of build fedcba9876543210, and the node program that "
                                 "works there of build 0123456789abcdef") &&
                            Contains(" | ms2m node setup worker-2"));
  CHECK(restoring_of(f, asked) == Restoring::image);
  asked.restore = RestoreChoice::handler;
  CHECK_THAT(refusal(f, asked), Contains("may not understand each other"));
}

TEST_CASE("what a node says of its image store names it once", "[preflight]") {
  Facts f = good();
  f.target.tool_trouble = Trouble{"node worker-2 has no skopeo", "install it"};
  CHECK(refusal(f) == "node worker-2 has no skopeo");
  f.target.tool_trouble->text = "permission denied";
  CHECK(refusal(f) == "node worker-2: permission denied");
}

TEST_CASE("ms2m's runtime handler on the nodes holds nothing up", "[node_setup]") {
  Facts f = good();
  const auto told = [&] {
    std::string text;
    for (const Finding& finding : preflight(f, request()))
      if (finding.check == "node-handler") {
        CHECK(finding.level == Level::ok);
        text += finding.text + " | " + finding.cure + "\n";
      }
    return text;
  };
  f.source.tools.asked = f.target.tools.asked = false;
  CHECK(told().empty());
  f.source.tools.asked = f.target.tools.asked = true;
  f.source.tools.handler_here = f.target.tools.handler_here = "0123456789abcdef";
  f.source.tools.handler = "0123456789abcdef";
  f.source.tools.handler_configured = true;
  CHECK_THAT(told(), Contains("worker-1: ms2m's runtime handler is there (build 0123456789abcdef) | \n") &&
                         Contains("worker-2: ms2m's runtime handler is not installed there") &&
                         Contains(" | ms2m node setup worker-2\n"));
  f.source.tools.handler = "fedcba9876543210";
  f.target.tools.handler = "0123456789abcdef";
  CHECK_THAT(told(), Contains("of build fedcba9876543210, and this ms2m brings 0123456789abcdef") &&
                         Contains(" | ms2m node setup worker-1\n") && Contains("its configuration"));
}
