// `ms2m node setup` in a world of fakes.

#include "report/setup_report.hpp"
#include "support/catch.hpp"
#include "typed.hpp"

using namespace ms2m;
using Catch::Matchers::Contains;
using Calls = std::vector<std::string>;

namespace {

struct Terminal : test::Typed {
  Terminal() {
    world.setup = {"cri-o://1.36.3",
                   "crio",
                   {{"/usr/libexec/ms2m/ms2m-node", SetupKind::program, {}, "0123456789abcdef"},
                    {"/etc/criu/crun.conf", SetupKind::text, "a\nb\nc\nd\ntcp-close\n", "a\nb\nc\nd\ntcp-close\nnew\n"},
                    {"/etc/crio/crio.conf.d/99-ms2m.conf", SetupKind::text, {}, "x = 1\n"}},
                   {}};
  }
  void all_done() {
    for (SetupFile& file : world.setup.files) file.before = file.after;
  }
  int run(const std::vector<std::string>& arguments) {
    world.calls.clear();
    std::vector<std::string> words{"node", "setup"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return Typed::run(words);
  }
  std::string class_nodes() const {
    const auto& object = world.cluster->runtime_class;
    return object ? object->at("metadata").at("annotations").at("ms2m.io/nodes").get<std::string>() : "none";
  }
};

}  // namespace

TEST_CASE("a setup shows the difference, changes nodes and makes the RuntimeClass") {
  Terminal terminal;
  CHECK(terminal.run({"worker-2", "worker-1", "worker-2", "--ssh-host", "core@{node}"}) == 0);
  CHECK(terminal.world.calls == Calls{"look worker-1", "look worker-2", "apply worker-1", "apply worker-2"});
  CHECK(terminal.world.engine.ssh.host == "core@{node}");
  CHECK_THAT(terminal.out,
             Contains("worker-1 (cri-o://1.36.3)\n  created   /usr/libexec/ms2m/ms2m-node (build "
                      "0123456789abcdef)\n  changed   /etc/criu/crun.conf\n    --- /etc/criu/crun.conf\n    "
                      "+++ /etc/criu/crun.conf\n    @@ -3,3 +3,4 @@\n     c\n     d\n     tcp-close\n    "
                      "+new\n") &&
                 Contains("RuntimeClass ms2m\n  created\n") && Contains("worker-2: done; crio has to be restarted") &&
                 Contains("systemctl restart crio"));
  CHECK(terminal.class_nodes() == "worker-1 worker-2");
  CHECK(terminal.world.cluster->runtime_class->at("handler") == "ms2m");
  CHECK(terminal.world.cluster->runtime_class->at("metadata").at("labels").at("app.kubernetes.io/managed-by") ==
        "ms2m");
}

TEST_CASE("a node that the cluster does not have is named, and none is changed") {
  Terminal terminal;
  terminal.world.cluster->absent_node = "worker-9";
  CHECK(terminal.run({"worker-1", "worker-9"}) == 4);
  CHECK_THAT(terminal.err, Contains("node worker-9 does not exist") && Contains("kubectl get nodes"));
  CHECK(terminal.world.calls == Calls{"look worker-1"});
  CHECK(terminal.class_nodes() == "none");
  // Who may not look is believed.
  terminal.world.cluster->node_failure = Error(ErrorKind::forbidden, "nodes are not to be read");
  CHECK(terminal.run({"worker-9"}) == 0);
  CHECK(terminal.world.calls == Calls{"look worker-9", "apply worker-9"});
}

TEST_CASE("a setup asks the cluster for what examples/rbac.yaml grants it (rights_test)") {
  Terminal terminal;
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"worker-1"}, {"worker-2"}, {"worker-1", "worker-2", "--remove"}})
    CHECK(terminal.run(words) == 0);
  CHECK(terminal.world.cluster->asked == std::set<std::string>{"create runtimeclasses", "delete runtimeclasses",
                                                               "get nodes", "get runtimeclasses", "list pods",
                                                               "update runtimeclasses"});
}

TEST_CASE("a second setup has nothing to do") {
  Terminal terminal;
  CHECK(terminal.run({"worker-1"}) == 0);
  terminal.all_done();
  CHECK(terminal.run({"worker-1", "--restart-runtime"}) == 0);
  CHECK(terminal.world.calls == Calls{"look worker-1"});
  CHECK_THAT(terminal.out, Contains("RuntimeClass ms2m\n  unchanged\n") && Contains("worker-1: nothing to do\n"));
  // It was not restarted when that was due.
  terminal.world.setup.outdated = true;
  CHECK(terminal.run({"worker-1"}) == 0);
  CHECK_THAT(terminal.out, Contains("crio has to be restarted"));
  CHECK(terminal.run({"worker-1", "--restart-runtime"}) == 0);
  CHECK(terminal.world.calls == Calls{"look worker-1", "restart worker-1"});
}

TEST_CASE("a dry run changes nothing") {
  Terminal terminal;
  CHECK(terminal.run({"worker-1", "--dry-run", "--restart-runtime"}) == 0);
  CHECK(terminal.world.calls == Calls{"look worker-1"});
  CHECK(terminal.class_nodes() == "none");
  CHECK_THAT(terminal.out, Contains("+new"));
  CHECK(terminal.run({"worker-1", "--dry-run", "-o", "jsonpath={.nodes[7]}{.items[7]}{.kind[7]}"}) == 2);
  CHECK(terminal.out.empty());
  CHECK_THAT(terminal.err, Contains("jsonpath, character"));
}

TEST_CASE("the container runtime is restarted only when that is asked for") {
  Terminal terminal;
  CHECK(terminal.run({"worker-1", "--restart-runtime"}) == 0);
  CHECK(terminal.world.calls == Calls{"look worker-1", "apply worker-1", "restart worker-1"});
  CHECK_THAT(terminal.out, Contains("worker-1: done; crio was restarted\n"));
}

TEST_CASE("what cannot be looked at keeps all nodes as they are") {
  Terminal terminal;
  CHECK(terminal.run({"worker-1", "dark-1"}) == 4);
  CHECK(terminal.world.calls == Calls{"look dark-1", "look worker-1"});
  CHECK_THAT(terminal.err, Contains("dark-1 does not answer") && Contains("wait") && Contains("nothing was changed"));
  CHECK_THAT(terminal.out, Contains("RuntimeClass ms2m\n  unchanged\n"));
  CHECK(terminal.class_nodes() == "none");
  CHECK(terminal.run({}) == 2);
}

TEST_CASE("one node that fails does not keep the others from their turn") {
  Terminal terminal;
  CHECK(terminal.run({"stuck-1", "worker-1"}) == 3);
  CHECK(terminal.world.calls == Calls{"look stuck-1", "look worker-1", "apply stuck-1", "apply worker-1"});
  CHECK_THAT(terminal.err, Contains("the disk is full") && Contains("free some"));
  CHECK_THAT(terminal.out, Contains("worker-1: done"));
  CHECK(terminal.class_nodes() == "worker-1");
}

TEST_CASE("a class that did not come about after all is not left standing as created") {
  Terminal terminal;
  CHECK(terminal.run({"stuck-1"}) == 3);
  CHECK_THAT(terminal.out, Contains("RuntimeClass ms2m\n  created\n") && Contains("RuntimeClass ms2m: unchanged\n"));
  CHECK(terminal.class_nodes() == "none");
}

TEST_CASE("a setup is taken back, and the RuntimeClass with the last node") {
  Terminal terminal;
  CHECK(terminal.run({"worker-1", "worker-2"}) == 0);
  for (SetupFile& file : terminal.world.setup.files) std::swap(file.before, file.after);
  CHECK(terminal.run({"worker-1", "--remove"}) == 0);
  CHECK(terminal.world.calls == Calls{"look to remove worker-1", "apply worker-1"});
  CHECK(terminal.class_nodes() == "worker-2");
  CHECK_THAT(terminal.out, Contains("  removed   /usr/libexec/ms2m/ms2m-node\n") && Contains("    -new\n"));
  CHECK(terminal.run({"worker-2", "--remove"}) == 0);
  CHECK(terminal.class_nodes() == "none");
  CHECK_THAT(terminal.out, Contains("RuntimeClass ms2m\n  removed\n"));
  CHECK(terminal.run({"worker-2", "--remove"}) == 0);
}

TEST_CASE("the RuntimeClass of the agents' manifest stays, as nobody knows here on which nodes they are") {
  Terminal terminal;
  CHECK(terminal.run({"worker-1"}) == 0);
  (*terminal.world.cluster->runtime_class)["metadata"]["labels"]["app.kubernetes.io/part-of"] = "ms2m-agent";
  for (SetupFile& file : terminal.world.setup.files) std::swap(file.before, file.after);
  CHECK(terminal.run({"worker-1", "--remove"}) == 0);
  CHECK(terminal.class_nodes().empty());
}

TEST_CASE("what pods use is not taken back") {
  Terminal terminal;
  CHECK(terminal.run({"worker-1", "worker-2"}) == 0);
  auto& pods = terminal.world.cluster->pods;
  pods["a"] = Json::parse(R"({"metadata":{"name":"a","namespace":"shop"},"spec":{"nodeName":"worker-1"}})");
  CHECK(terminal.run({"worker-1", "--remove", "--dry-run"}) == 0);
  pods["a"]["spec"]["runtimeClassName"] = "ms2m";
  CHECK(terminal.run({"worker-1", "--remove"}) == 4);
  CHECK_THAT(terminal.err, Contains("shop/a on worker-1"));
  CHECK(terminal.world.calls.empty());
  CHECK(terminal.run({"worker-1", "worker-2", "--remove"}) == 4);
  CHECK(terminal.run({"worker-2", "--remove"}) == 0);  // on another node, which keeps the handler
  CHECK(terminal.run({"worker-1", "--remove"}) == 4);
}

TEST_CASE("a RuntimeClass of that name that is somebody else's") {
  Terminal terminal;
  terminal.world.cluster->runtime_class = Json::parse(R"({"metadata":{"name":"ms2m"},"handler":"ms2m"})");
  CHECK(terminal.run({"worker-1"}) == 4);
  CHECK_THAT(terminal.err, Contains("RuntimeClass ms2m is not ms2m's") && Contains("remove it from the cluster"));
  CHECK(terminal.world.calls.empty());
}

TEST_CASE("a setup as JSON") {
  Terminal terminal;
  CHECK(terminal.run({"stuck-1", "worker-1", "-o", "json"}) == 3);
  const Json json = Json::parse(terminal.out);
  CHECK(json["kind"] == "node setup");
  CHECK(json["exit_status"] == 3);
  CHECK(json["runtime_class"] == Json{{"name", "ms2m"}, {"change", "created"}, {"nodes", {"worker-1"}}});
  CHECK(json["nodes"][0]["error"] == "node stuck-1: the disk is full");
  CHECK(json["nodes"][0]["cure"] == "free some");
  CHECK(json["nodes"][1]["result"] == "done");
  CHECK(json["nodes"][1]["restart_command"] == "systemctl restart crio");
  CHECK(json["nodes"][1]["files"][0]["change"] == "created");
  CHECK(json["nodes"][1]["files"][0]["build"] == "0123456789abcdef");
  CHECK_THAT(json["nodes"][1]["files"][2]["diff"].get<std::string>(),
             Contains("--- /dev/null\n+++ /etc/crio/crio.conf.d/99-ms2m.conf\n@@ -0,0 +1,1 @@\n+x = 1\n"));
}

TEST_CASE("differences of texts") {
  CHECK(report::unified_diff("/f", "a\n", "a\n").empty());
  CHECK(report::unified_diff("/f", "a", "a\n") ==
        "--- /f\n+++ /f\n@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n");
  CHECK(report::unified_diff("/f", "1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\nx\n5\n6\n") ==
        "--- /f\n+++ /f\n@@ -2,5 +2,6 @@\n 2\n 3\n 4\n+x\n 5\n 6\n");
  CHECK(report::unified_diff("/f", "a\n", std::nullopt) == "--- /f\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n");
  CHECK(report::unified_diff("/f", std::nullopt, "") == "--- /dev/null\n+++ /f\n@@ -0,0 +0,0 @@\n");
}
