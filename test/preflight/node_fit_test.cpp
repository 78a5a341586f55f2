#include "preflight/node_fit.hpp"

#include "support/catch.hpp"

using namespace ms2m;

namespace {

Json ready_node() {
  return Json::parse(
      R"({"metadata":{"name":"worker-2","labels":{"kubernetes.io/hostname":"worker-2","zone":"b"}},"spec":{},
    "status":{"allocatable":{"cpu":"2","memory":"1Gi","pods":"10"},"conditions":[{"type":"Ready","status":"True"}]}})");
}

std::vector<Misfit> misfits(const Json& pod, const Json& node, const std::vector<Json>& others) {
  std::vector<Occupant> there;
  for (const Json& other : others) there.push_back(parse_occupant(other));
  return ms2m::misfits(demands_of(pod), parse_node(node), there);
}

bool reaches(const Json& node, const Json& volume) {
  return ms2m::reaches(parse_node(node), parse_persistent_volume(volume));
}

Json plain_pod() { return Json::parse(R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c"}]}})"); }

std::string only(const std::vector<Misfit>& found) {
  REQUIRE(found.size() == 1);
  CHECK_FALSE(found[0].cure.empty());
  return found[0].text;
}

}  // namespace

TEST_CASE("quantities", "[node_fit]") {
  CHECK(parse_quantity("250m") == 250);
  CHECK(parse_quantity("2") == 2000);
  CHECK(parse_quantity("1.5") == 1500);
  CHECK(parse_quantity("64Mi") == 64LL * 1024 * 1024 * 1000);
  CHECK(parse_quantity("2e3") == 2000000);
  CHECK_FALSE(parse_quantity("many"));
}

TEST_CASE("a Ready node takes a plain pod", "[node_fit]") { CHECK(misfits(plain_pod(), ready_node(), {}).empty()); }

TEST_CASE("a node that is not Ready, cordoned or tainted does not", "[node_fit]") {
  Json node = ready_node();
  node["status"]["conditions"][0]["status"] = "Unknown";
  CHECK(only(misfits(plain_pod(), node, {})) == "node worker-2 is not Ready (Unknown)");
  node = ready_node();
  node["spec"]["unschedulable"] = true;
  node["spec"]["taints"] = Json::array({{{"key", "node.kubernetes.io/unschedulable"}, {"effect", "NoSchedule"}}});
  CHECK(only(misfits(plain_pod(), node, {})) == "node worker-2 is cordoned");
  node = ready_node();
  node["spec"]["taints"] = Json::array({{{"key", "gpu"}, {"value", "yes"}, {"effect", "NoSchedule"}}});
  CHECK(only(misfits(plain_pod(), node, {})).find("taint gpu:NoSchedule") != std::string::npos);
  Json pod = plain_pod();
  pod["spec"]["tolerations"] =
      Json::array({{{"key", "gpu"}, {"operator", "Equal"}, {"value", "yes"}, {"effect", "NoSchedule"}}});
  CHECK(misfits(pod, node, {}).empty());
  pod["spec"]["tolerations"] = Json::array({{{"operator", "Exists"}}});
  CHECK(misfits(pod, node, {}).empty());
}

TEST_CASE("selectors and required affinity are the kubelet's admission", "[node_fit]") {
  Json pod = plain_pod();
  pod["spec"]["nodeSelector"] = {{"kubernetes.io/hostname", "worker-1"}};
  CHECK(only(misfits(pod, ready_node(), {})).find("nodeSelector kubernetes.io/hostname=worker-1") != std::string::npos);
  pod = plain_pod();
  pod["spec"]["affinity"] =
      Json::parse(R"({"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
      {"matchExpressions":[{"key":"zone","operator":"In","values":["a"]}]},{"matchExpressions":[{"key":"zone","operator":"Exists"}]}]}}})");
  CHECK(misfits(pod, ready_node(), {}).empty());
  Json& terms =
      pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"];
  terms.erase(1);
  CHECK(only(misfits(pod, ready_node(), {})).find("required node affinity") != std::string::npos);
}

TEST_CASE("what is free counts, not what is there", "[node_fit]") {
  Json pod = plain_pod();
  pod["spec"]["containers"][0]["resources"]["requests"] = {{"cpu", "1500m"}};
  CHECK(misfits(pod, ready_node(), {}).empty());
  Json other = pod;
  other["status"]["phase"] = "Running";
  CHECK(only(misfits(pod, ready_node(), {other})).find("too little free cpu") != std::string::npos);
  other["status"]["phase"] = "Succeeded";
  CHECK(misfits(pod, ready_node(), {other}).empty());
}

TEST_CASE("sidecars and resources of other names count as well", "[node_fit]") {
  Json pod = plain_pod();
  pod["spec"]["initContainers"] = Json::parse(R"([{"name":"once","resources":{"requests":{"cpu":"64"}}},
    {"name":"beside","restartPolicy":"Always","resources":{"requests":{"cpu":"1"}}}])");
  pod["spec"]["containers"][0]["resources"]["requests"] = {{"cpu", "500m"}};
  CHECK(misfits(pod, ready_node(), {}).empty());
  pod["spec"]["initContainers"][1]["resources"]["requests"]["cpu"] = "64";
  CHECK(only(misfits(pod, ready_node(), {})).find("too little free cpu") != std::string::npos);
  pod = plain_pod();
  pod["spec"]["containers"][0]["resources"]["requests"] = {{"example.com/device", "1"}};
  CHECK(only(misfits(pod, ready_node(), {})).find("too little free example.com/device") != std::string::npos);
  Json node = ready_node();
  node["status"]["allocatable"]["example.com/device"] = "1";
  CHECK(misfits(pod, node, {}).empty());
}

TEST_CASE("of other pods the kubelet also counts init containers that have ended, and what a pod asks for as a whole",
          "[node_fit]") {
  Json pod = plain_pod();
  pod["spec"]["containers"][0]["resources"]["requests"] = {{"cpu", "500m"}};
  Json other = plain_pod();
  other["status"]["phase"] = "Running";
  other["spec"]["containers"][0]["resources"]["requests"] = {{"cpu", "100m"}};
  other["spec"]["initContainers"] =
      Json::parse(R"([{"name":"beside","restartPolicy":"Always","resources":{"requests":{"cpu":"600m"}}},
    {"name":"once","resources":{"requests":{"cpu":"900m"}}}])");
  CHECK(misfits(pod, ready_node(), {other}).empty());  // 1500 m beside 500 m
  other["spec"]["initContainers"][1]["resources"]["requests"]["cpu"] = "901m";
  CHECK(only(misfits(pod, ready_node(), {other})).find("too little free cpu") != std::string::npos);
  other["spec"]["resources"]["requests"] = {{"cpu", "1"}};
  CHECK(misfits(pod, ready_node(), {other}).empty());
  pod["spec"]["resources"]["requests"] = {{"cpu", "1500m"}};
  CHECK(only(misfits(pod, ready_node(), {other})).find("too little free cpu: 1.5 asked, 1 left") != std::string::npos);
}

TEST_CASE("a port of the node can be had once", "[node_fit]") {
  Json pod = plain_pod();
  pod["spec"]["containers"][0]["ports"] = Json::parse(R"([{"containerPort":80,"hostPort":8080}])");
  CHECK(misfits(pod, ready_node(), {}).empty());
  Json other = pod;
  other["metadata"]["name"] = "other";
  CHECK(only(misfits(pod, ready_node(), {other})) == "host port 8080 (TCP) of node worker-2 is taken by pod other");
  other["status"]["phase"] = "Failed";
  CHECK(misfits(pod, ready_node(), {other}).empty());
  other["status"]["phase"] = "Running";
  other["spec"]["containers"][0]["ports"][0]["protocol"] = "UDP";
  CHECK(misfits(pod, ready_node(), {other}).empty());
}

TEST_CASE("an empty term of an affinity matches no node", "[node_fit]") {
  const Json node = Json::parse(R"({"metadata":{"name":"worker-2","labels":{"a":"b"}},
    "status":{"conditions":[{"type":"Ready","status":"True"}]}})");
  const auto fits = [&](const char* terms) {
    Json pod = Json::parse(R"({"spec":{"containers":[]}})");
    pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] = {
        {"nodeSelectorTerms", Json::parse(terms)}};
    Json volume = Json::parse(R"({"spec":{}})");
    volume["spec"]["nodeAffinity"]["required"] = {{"nodeSelectorTerms", Json::parse(terms)}};
    CHECK(reaches(node, volume) == misfits(pod, node, {}).empty());
    return misfits(pod, node, {}).empty();
  };
  CHECK_FALSE(fits("[{}]"));
  CHECK_FALSE(fits("[null]"));
  CHECK_FALSE(fits("[]"));
  CHECK_FALSE(fits(R"([{"matchExpressions":[]}])"));
  CHECK(fits(R"([{},{"matchExpressions":[{"key":"a","operator":"Exists"}]}])"));
  CHECK(reaches(node, Json::parse(R"({"spec":{}})")));
}
