// examples/rbac.yaml grants what is asked of the API server, and nothing else.
#include <yaml-cpp/yaml.h>

#include <set>

#include "plan/facts.hpp"
#include "support/catch.hpp"
#include "support/fake_cluster.hpp"

using namespace ms2m;
using namespace ms2m::test;

namespace {

constexpr const char* kQueue = "app.events";

class Silent : public Observer {
 public:
  void on(const Event&) noexcept override {}
};

/// Asks for everything that moves such a pod and notes what that is.
std::set<std::string> asked_by_move(const std::string& owner, Strategy strategy) {
  FakeServer server;
  FakeNodes nodes(server);
  server.declare(kQueue);
  nodes.start_pod("consumer-0", kQueue, owner);
  int published = 0;
  server.set_producer([&](FakeServer& to) {
    if (published < 100) to.publish(kQueue, fmt::format("m{}", published++));
  });
  FakeBroker broker(server);
  FakePorts ports(nodes, broker);
  Silent silent;
  const auto root = std::filesystem::temp_directory_path() / fmt::format("ms2m-rights-{}", ::getpid());
  Migrator migrator(ports.all, JournalStore(root), silent);
  MigrationRequest request;
  request.ns = "default";
  request.pod = "consumer-0";
  request.target_node = "worker-2";
  request.queue = kQueue;
  request.strategy = strategy;
  const Outcome outcome = migrator.migrate(request, {}, StopToken());
  std::filesystem::remove_all(root);
  INFO(owner << " " << to_string(strategy) << ": " << outcome.error);
  CHECK(outcome.result == Result::done);
  return nodes.asked();
}

/// The facts of a pod of a Deployment with a volume: what is above it and behind the volume is read, too.
std::set<std::string> asked_by_facts() {
  FakeServer server;
  FakeNodes nodes(server);
  server.declare(kQueue);
  nodes.start_pod("consumer-0", kQueue, "ReplicaSet");
  const auto named = [](const char* name) { return Json{{"metadata", {{"name", name}, {"namespace", "default"}}}}; };
  nodes.add(Kind::deployment, named("web"));
  nodes.own(Kind::replica_set, "web-1", "Deployment", "web");
  Json claim = named("data"), volume{{"name", "data"}, {"persistentVolumeClaim", {{"claimName", "data"}}}};
  claim["spec"]["volumeName"] = "pv-1";
  nodes.add(Kind::persistent_volume_claim, claim);
  nodes.mount("consumer-0", volume);
  FakeBroker broker(server);
  FakePorts ports(nodes, broker);
  MigrationRequest request;
  request.ns = "default";
  request.pod = "consumer-0";
  request.target_node = "worker-2";
  request.queue = kQueue;
  gather_facts(ports.all, request, StopToken());
  return nodes.asked();
}

/// "get pods" for every verb and resource of that Role or ClusterRole.
std::set<std::string> granted(const std::string& kind, const std::string& name) {
  std::set<std::string> rights;
  for (const YAML::Node& role : YAML::LoadAllFromFile(std::string(MS2M_SOURCE_DIR) + "/examples/rbac.yaml")) {
    if (role["kind"].as<std::string>() != kind || role["metadata"]["name"].as<std::string>() != name) continue;
    for (const auto& rule : role["rules"])
      for (const auto& resource : rule["resources"])
        for (const auto& verb : rule["verbs"]) rights.insert(verb.as<std::string>() + " " + resource.as<std::string>());
  }
  return rights;
}

}  // namespace

TEST_CASE("examples/rbac.yaml grants what is asked of the API server, and nothing else", "[rights]") {
  std::set<std::string> asked = asked_by_facts();
  for (const auto& [owner, strategy] : {std::pair{"", Strategy::handoff},
                                        {"", Strategy::shadow},
                                        {"ReplicaSet", Strategy::handoff},
                                        {"StatefulSet", Strategy::handoff},
                                        {"StatefulSet", Strategy::sequential}})
    asked.merge(asked_by_move(owner, strategy));
  // By the command line: which cluster it is, the broker's address, what <tab> offers, what `status` looks at.
  asked.insert({"get namespaces", "get secrets", "list nodes", "list leases", "watch leases"});

  std::set<std::string> grants = granted("Role", "ms2m-operator");
  grants.merge(granted("ClusterRole", "ms2m-operator"));
  CHECK(grants == asked);

  // To the kubelet's own port: the same, but that the kubelet asks for rights of its own.
  std::set<std::string> direct = granted("Role", "ms2m-operator");
  direct.merge(granted("ClusterRole", "ms2m-kubelet"));
  asked.erase("get nodes/proxy");
  asked.erase("create nodes/proxy");
  asked.erase("create selfsubjectaccessreviews");  // every authenticated user has it
  asked.insert({"get nodes/metrics", "get nodes/configz", "create nodes/checkpoint"});
  CHECK(direct == asked);
}

TEST_CASE("examples/rbac.yaml grants a node's setup what that asks for (setup_test)", "[rights]") {
  CHECK(granted("ClusterRole", "ms2m-setup") == std::set<std::string>{"create runtimeclasses", "delete runtimeclasses",
                                                                      "get nodes", "get runtimeclasses", "list pods",
                                                                      "update runtimeclasses"});
}

TEST_CASE("examples/rbac.yaml grants a drain what it asks for beside its migrations (drain_test)", "[rights]") {
  CHECK(granted("ClusterRole", "ms2m-drain") == std::set<std::string>{"list pods", "patch nodes"});
  const auto operators = granted("ClusterRole", "ms2m-operator");
  CHECK(operators.count("get nodes") == 1);
  CHECK(operators.count("list nodes") == 1);
}
