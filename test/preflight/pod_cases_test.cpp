// Cases from the world (test/data/cases) that the pod, its owner and its environment are.
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <sstream>

#include "kube/objects/names.hpp"
#include "kube/objects/network_init.hpp"
#include "kube/objects/pod_spec.hpp"
#include "kube/objects/travel.hpp"
#include "plan/facts.hpp"
#include "preflight/preflight.hpp"
#include "support/preflight_facts.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;

namespace {

Json to_json(const YAML::Node& node) {
  if (node.IsMap()) {
    Json object = Json::object();
    for (const auto& each : node) object[each.first.as<std::string>()] = to_json(each.second);
    return object;
  }
  if (node.IsSequence()) {
    Json array = Json::array();
    for (const auto& each : node) array.push_back(to_json(each));
    return array;
  }
  if (node.IsNull()) return nullptr;
  if (node.Tag() != "!") {
    bool truth = false;
    std::int64_t number = 0;
    if (YAML::convert<bool>::decode(node, truth)) return truth;
    if (YAML::convert<std::int64_t>::decode(node, number)) return number;
  }
  return node.as<std::string>();
}

std::string text_of(const std::string& file) {
  std::ifstream in(std::string(MS2M_TEST_DATA) + "/cases/" + file);
  REQUIRE(in);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<Json> documents(const std::string& file) {
  std::vector<Json> all;
  for (const YAML::Node& each : YAML::LoadAll(text_of(file))) all.push_back(to_json(each));
  return all;
}

/// Facts about the pod of a case, as if it ran on worker-1.
Facts facts_of(Json pod) {
  Facts f = good();
  pod["metadata"]["uid"] = "u-1";
  pod["spec"]["nodeName"] = "worker-1";
  pod["status"] = f.pod["status"];
  f.container = pod["spec"]["containers"][0]["name"];
  pod["status"]["containerStatuses"][0]["name"] = f.container;
  f.pod = std::move(pod);
  return f;
}

std::string finding(const Facts& facts, const char* check, Level level, const MigrationRequest& r = request()) {
  for (const Finding& each : findings(facts, r))
    if (each.check == check && each.level == level) return each.text + "; " + each.cure;
  return "";
}

TargetPod copy_of(const Json& pod) {
  return make_target_pod(pod, {"orders-0-abc234", "worker-2", "app", "i:ms2m-moved-abc234", "abc234", {}});
}

bool has(const std::vector<std::string>& lines, const std::string& part) {
  for (const std::string& line : lines)
    if (line.find(part) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("what a network wrote on this pod does not travel", "[case-05]") {
  const Facts f = facts_of(documents("pod-ipam-annotations.yaml").at(0));
  const TargetPod target = copy_of(f.pod);
  const Json& metadata = target.pod.at("metadata");
  CHECK(metadata.at("annotations") == Json{{"shop.example/owner", "team-a"}, {kBaseNameAnnotation, "orders-0"}});
  CHECK(metadata.at("labels") == Json{{"app", "orders"}, {kIdLabel, "abc234"}});
  const auto diff = diff_pods(f.pod, target.pod);
  CHECK(has(diff, "- metadata.annotations.ovn.kubernetes.io/ip_address"));
  CHECK(has(diff, "- metadata.labels.topology.kubernetes.io/zone"));
  CHECK(has(target.notes, "vpc.amazonaws.com/pod-eni"));
}

TEST_CASE("what is written on this pod, by key and by value; what a user wrote", "[case-05]") {
  Json pod = good().pod;
  pod["metadata"]["uid"] = "0c1e7c0e-77aa-4c0e-9a59-b5b1a31d2a52";
  pod["status"]["podIP"] = "10.16.0.9";
  pod["status"]["podIPs"] = Json::array({{{"ip", "10.16.0.9"}}, {{"ip", "fd00:10:16::9"}}});
  pod["status"]["containerStatuses"][0]["containerID"] = "cri-o://0123456789abcdef";
  const auto goes = [&](const char* key, const char* value) { return travels(key, value, pod); };
  for (const char* key :
       {"cni.projectcalico.org/podIP", "cni.projectcalico.org/podIPs", "cni.projectcalico.org/containerID",
        "k8s.v1.cni.cncf.io/network-status", "k8s.ovn.org/pod-networks", "net1.shop.ovn.kubernetes.io/ip_address",
        "ovn.kubernetes.io/gateway", "vpc.amazonaws.com/pod-ips", "networking.gke.io/pod-ips",
        "tke.cloud.tencent.com/networks-status", "openstack.org/kuryr-vif", "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone", "ambient.istio.io/redirection"})
    CHECK_FALSE(goes(key, "x"));
  for (const char* value : {"10.16.0.9", "10.16.0.9/16", R"({"ips":["10.16.0.9"]})", "fd00:10:16::9",
                            "0c1e7c0e-77aa-4c0e-9a59-b5b1a31d2a52", "x 0123456789abcdef"})
    CHECK_FALSE(goes("vendor.example/state", value));
  for (const char* key :
       {"k8s.v1.cni.cncf.io/networks", "cni.projectcalico.org/ipv4pools", "ovn.kubernetes.io/logical_switch",
        "k8s.ovn.org/routing-network", "kubernetes.io/egress-bandwidth", "linkerd.io/inject", "sidecar.istio.io/status",
        "prometheus.io/scrape", "myovn.kubernetes.io.example/x", "app"})
    CHECK(goes(key, "x"));
  for (const char* value : {"10.16.0.90", "110.16.0.9", "10.16.0.9.example", ""})
    CHECK(goes("vendor.example/state", value));
}

TEST_CASE("init containers that set up the network run again", "[case-06]") {
  const Facts f = facts_of(documents("pod-network-init.yaml").at(0));
  const TargetPod target = copy_of(f.pod);
  const Json& init = target.pod.at("spec").at("initContainers");
  REQUIRE(init.size() == 2);
  CHECK(init[0].at("name") == "linkerd-init");
  CHECK(init[1].at("name") == "linkerd-proxy");
  CHECK(has(target.notes, "init container linkerd-init runs again: it sets up the pod's network"));
  CHECK(has(target.notes, "init container migrate-db is dropped: it has run, its result is in the checkpoint"));
}

TEST_CASE("which init containers set up the network", "[case-06]") {
  const auto sets_up = [](const char* container) { return sets_up_network(Json::parse(container)); };
  CHECK(sets_up(R"({"name":"istio-init","securityContext":{"capabilities":{"add":["NET_ADMIN","NET_RAW"]}}})"));
  CHECK(sets_up(R"({"name":"routes","securityContext":{"capabilities":{"add":["CAP_NET_RAW"]}}})"));
  CHECK(sets_up(R"({"name":"all","securityContext":{"capabilities":{"add":["ALL"]}}})"));
  CHECK(sets_up(R"({"name":"sysctl","securityContext":{"privileged":true}})"));
  CHECK(sets_up(R"({"name":"istio-validation","securityContext":{"capabilities":{"drop":["ALL"]}}})"));
  CHECK_FALSE(sets_up(R"({"name":"migrate-db"})"));
  CHECK_FALSE(sets_up(R"({"name":"own","securityContext":{"capabilities":{"add":["CHOWN"],"drop":["NET_ADMIN"]}}})"));
}

TEST_CASE("variables that stay the source's are named", "[case-08]") {
  Facts f = facts_of(documents("pod-downward-env.yaml").at(0));
  CHECK_THAT(finding(f, "environment", Level::warning),
             Contains("POD_IP, NODE_NAME, POD_NAME, CPU_LIMIT stay the source's"));
  CHECK(refusal(f).empty());
  MigrationRequest sequential = request();
  sequential.strategy = Strategy::sequential;
  CHECK_THAT(finding(f, "environment", Level::warning, sequential), !Contains("POD_NAME"));

  Json& container = f.pod["spec"]["containers"][0];
  container["resources"]["limits"]["cpu"] = "1";
  CHECK_THAT(finding(f, "environment", Level::warning), !Contains("CPU_LIMIT"));
  container["env"] = Json::parse(R"([{"name":"NS","valueFrom":{"fieldRef":{"fieldPath":"metadata.namespace"}}},
    {"name":"APP","valueFrom":{"fieldRef":{"fieldPath":"metadata.labels['app']"}}},{"name":"X","value":"1"},
    {"name":"S","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}])");
  CHECK(finding(f, "environment", Level::warning).empty());
  container["env"] = Json::parse(R"([{"name":"HOST","valueFrom":{"fieldRef":{"fieldPath":"status.hostIP"}}},
    {"name":"URL","value":"http://$(HOST):80"},{"name":"UID","valueFrom":{"fieldRef":{"fieldPath":"metadata.uid"}}},
    {"name":"ZONE","valueFrom":{"fieldRef":{"fieldPath":"metadata.labels['topology.kubernetes.io/zone']"}}}])");
  f.pod["metadata"]["labels"] = {{"topology.kubernetes.io/zone", "a"}};
  CHECK_THAT(finding(f, "environment", Level::warning), Contains("HOST, URL, UID, ZONE"));
}

TEST_CASE("sandboxes and devices are refused with the cause", "[case-11]") {
  Facts f = facts_of(documents("pod-sandboxed.yaml").at(0));
  CHECK_THAT(finding(f, "runtime-class", Level::refusal), Contains("gvisor") && Contains("kernel of their own"));
  CHECK_THAT(finding(f, "devices", Level::refusal), Contains("nvidia.com/gpu"));
  Json& spec = f.pod["spec"];
  spec["containers"][0].erase("resources");
  CHECK(finding(f, "devices", Level::refusal).empty());
  const auto runtime = [&](const char* name, const char* handler, Level level) {
    spec["runtimeClassName"] = name;
    f.runtime_handler = *handler == 0 ? std::nullopt : std::optional<std::string>(handler);
    return finding(f, "runtime-class", level);
  };
  CHECK_THAT(runtime("kata-qemu", "", Level::refusal), Contains("virtual machine"));
  CHECK_THAT(runtime("secure", "runsc", Level::refusal), Contains("secure (handler runsc)"));
  CHECK_THAT(runtime("wasmtime", "", Level::refusal), Contains("WebAssembly"));
  CHECK_THAT(runtime("nvidia", "", Level::refusal), Contains("GPU"));
  CHECK(runtime("fast", "crun", Level::warning).empty());
  CHECK(runtime("runc", "", Level::warning).empty());
  CHECK_THAT(runtime("high-performance", "", Level::warning), Contains("is not known"));
  CHECK(runtime("high-performance", "", Level::refusal).empty());
  spec.erase("runtimeClassName");
  for (const char* device : {"amd.com/gpu", "smarter-devices/fuse", "intel.com/sriov"}) {
    spec["containers"][0]["resources"] = {{"requests", {{device, 1}}}};
    CHECK_THAT(finding(f, "devices", Level::refusal), Contains(device));
  }
  spec["containers"][0]["resources"] = {
      {"limits", {{"cpu", "1"}, {"hugepages-2Mi", "4Mi"}, {"vpc.amazonaws.com/pod-eni", "1"}}}};
  CHECK(finding(f, "devices", Level::refusal).empty());
  spec["containers"][0]["volumeDevices"] = Json::array({{{"name", "raw"}, {"devicePath", "/dev/xvda"}}});
  CHECK_THAT(finding(f, "devices", Level::refusal), Contains("/dev/xvda"));
}

TEST_CASE("a workload that is scaled by the length of its queue", "[case-07]") {
  Facts f = good();
  f.ns = "shop";
  f.owner = parse_controller(Json::parse(
      R"({"metadata":{"name":"orders-5d4f","labels":{}},"spec":{"replicas":1,"selector":{"matchLabels":{}}}})"));
  f.deployment = parse_controller(Json::parse(R"({"metadata":{"name":"orders","generation":1},"spec":{"replicas":1},
    "status":{"observedGeneration":1,"replicas":1,"updatedReplicas":1,"availableReplicas":1,"readyReplicas":1}})"));
  f.pod["metadata"]["ownerReferences"] =
      Json::parse(R"([{"kind":"ReplicaSet","name":"orders-5d4f","uid":"u","controller":true}])");
  f.autoscalers_read = f.keda_served = true;
  const auto found = documents("scaled-by-queue-length.yaml");
  REQUIRE(found.size() == 2);
  Json scaled = found[0], hpa = found[1];
  const auto read = [&] {
    f.scaled_objects = {parse_scaled_object(scaled)};
    f.autoscalers = {parse_autoscaler(hpa)};
  };
  read();
  const auto warned = [&] {
    std::vector<Finding> all;
    for (const Finding& each : findings(f, request()))
      if (each.check == "autoscaler" && each.level == Level::warning) all.push_back(each);
    return all;
  };
  // KEDA's autoscaler is not named besides: what is changed there, KEDA changes back.
  REQUIRE(warned().size() == 1);
  CHECK_THAT(warned()[0].text, Contains("ScaledObject orders") && Contains("Deployment orders"));
  CHECK_THAT(
      warned()[0].cure,
      Contains(
          "kubectl --namespace=shop annotate --overwrite scaledobject orders autoscaling.keda.sh/paused-replicas=1") &&
          Contains("autoscaling.keda.sh/paused-replicas-"));
  // Known by its autoscaler alone.
  f.scaled_objects.clear();
  REQUIRE(warned().size() == 1);
  CHECK_THAT(warned()[0].cure, Contains("annotate scaledobject orders"));

  const auto annotated = [&](const char* key, const Json& value) {
    scaled["metadata"]["annotations"] = {{key, value}};
    read();
    return warned().size();
  };
  CHECK(annotated("autoscaling.keda.sh/paused", "true") == 0);
  CHECK(annotated("autoscaling.keda.sh/paused", true) == 0);
  CHECK(annotated("autoscaling.keda.sh/paused-replicas", "1") == 0);
  CHECK(annotated("autoscaling.keda.sh/paused", "false") == 1);

  f.scaled_objects.clear();
  hpa["metadata"]["name"] = "orders";
  const auto bounded = [&] {
    f.autoscalers = {parse_autoscaler(hpa)};
    return warned();
  };
  REQUIRE(bounded().size() == 1);
  CHECK_THAT(warned()[0].text, Contains("HorizontalPodAutoscaler orders"));
  CHECK_THAT(warned()[0].cure,
             Contains(R"(patch hpa orders --type=merge '--patch={"spec":{"maxReplicas":1,"minReplicas":1}}')") &&
                 Contains(R"({"maxReplicas":5,"minReplicas":1})"));
  hpa["spec"]["behavior"] = {{"scaleUp", {{"selectPolicy", "Disabled"}}}};
  CHECK(bounded().size() == 1);
  hpa["spec"]["behavior"]["scaleDown"] = {{"selectPolicy", "Disabled"}};
  CHECK(bounded().empty());
  hpa["spec"].erase("behavior");
  hpa["spec"]["maxReplicas"] = 1;
  CHECK(bounded().empty());
  hpa["spec"]["maxReplicas"] = 5;
  for (const auto& [field, other] : {std::pair{"name", "payments"}, std::pair{"kind", "StatefulSet"}}) {
    Facts others = f;
    Json another = hpa;
    another["spec"]["scaleTargetRef"][field] = other;
    others.autoscalers = {parse_autoscaler(another)};
    CHECK(finding(others, "autoscaler", Level::warning).empty());
    CHECK_FALSE(finding(others, "autoscaler", Level::ok).empty());
  }
  // What could not be asked for is not none.
  f.autoscalers.clear();
  f.autoscalers_read = false;
  f.unasked.push_back({Question::autoscalers, false, {"you may not list horizontalpodautoscalers", "grant it"}});
  CHECK(finding(f, "autoscaler", Level::ok).empty());
  CHECK_FALSE(finding(f, "unchecked", Level::warning).empty());
}

TEST_CASE("a budget that is never free", "[case-20]") {
  Facts f = good();
  f.pod["metadata"]["labels"] = {{"app", "orders"}};
  for (const Json& budget : documents("pdb-min-available-1.yaml")) f.disruption_budgets.push_back(parse_budget(budget));
  REQUIRE(f.disruption_budgets.size() == 2);
  f.disruption_budgets[1].allowed = 0;
  MigrationRequest r = request();
  for (const Strategy strategy : {Strategy::shadow, Strategy::handoff}) {
    r.strategy = strategy;
    CHECK(refusal(f, r).empty());
    CHECK_THAT(finding(f, "disruption-budget", Level::warning, r), Contains("PodDisruptionBudget orders"));
  }
  r.strategy = Strategy::sequential;
  CHECK_THAT(finding(f, "disruption-budget", Level::refusal, r), Contains("orders") && Contains("--strategy shadow"));

  f.disruption_budgets.erase(f.disruption_budgets.begin());
  CHECK(finding(f, "disruption-budget", Level::refusal, r).empty());  // selects nothing
  f.disruption_budgets[0].selector = nullptr;
  CHECK(finding(f, "disruption-budget", Level::refusal, r).empty());
  f.disruption_budgets[0].selector = Json::object();  // selects everything
  CHECK_THAT(finding(f, "disruption-budget", Level::refusal, r), Contains("nobody"));
  f.disruption_budgets[0].selector = {{"matchLabels", {{"app", "others"}}}};
  CHECK(finding(f, "disruption-budget", Level::refusal, r).empty());
}
