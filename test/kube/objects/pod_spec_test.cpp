#include "kube/objects/pod_spec.hpp"

#include <fstream>

#include "kube/objects/names.hpp"
#include "ms2m/error.hpp"
#include "support/catch.hpp"

using namespace ms2m;

namespace {

/// A pod as a real API server gives it (kube-transcripts/get-pod).
Json real_pod() {
  std::ifstream in(std::string(MS2M_TEST_DATA) + "/kube-transcripts/get-pod.json");
  REQUIRE(in);
  return Json::parse(in).at("response").at("body_json");
}

PodEdits edits() {
  return {"consumer-0-abc234", "worker-2", "consumer", "localhost/ms2m/consumer-0-abc234:abc234", "abc234", {}};
}

bool has_line(const std::vector<std::string>& lines, const std::string& start) {
  for (const auto& line : lines)
    if (line.rfind(start, 0) == 0) return true;
  return false;
}

}  // namespace

TEST_CASE("the target is the whole source with the needed edits", "[pod_spec]") {
  const Json source = real_pod();
  const TargetPod target = make_target_pod(source, edits());
  const Json& spec = target.pod.at("spec");
  CHECK(spec.at("nodeName") == "worker-2");
  CHECK(spec.at("containers")[0].at("image") == "localhost/ms2m/consumer-0-abc234:abc234");
  CHECK(spec.at("containers")[0].at("imagePullPolicy") == "Never");
  CHECK(spec.at("containers")[0].at("env") == source.at("spec").at("containers")[0].at("env"));
  CHECK(spec.at("containers")[0].at("readinessProbe") == source.at("spec").at("containers")[0].at("readinessProbe"));
  CHECK(spec.at("tolerations") == source.at("spec").at("tolerations"));
  CHECK(spec.at("hostAliases") == source.at("spec").at("hostAliases"));
  CHECK_FALSE(target.pod.contains("status"));
  CHECK_FALSE(target.pod.at("metadata").contains("uid"));
  CHECK_FALSE(target.pod.at("metadata").contains("ownerReferences"));
  CHECK(target.pod.at("metadata").at("labels").at(kIdLabel) == "abc234");
}

TEST_CASE("the generated token volume is left to admission, other volumes stay", "[pod_spec]") {
  Json source = real_pod();
  source["spec"]["volumes"].push_back({{"name", "conf"}, {"configMap", {{"name", "conf"}}}});
  source["spec"]["containers"][0]["volumeMounts"].push_back({{"name", "conf"}, {"mountPath", "/conf"}});
  const Json spec = make_target_pod(source, edits()).pod.at("spec");
  REQUIRE(spec.at("volumes").size() == 1);
  CHECK(spec.at("volumes")[0].at("name") == "conf");
  REQUIRE(spec.at("containers")[0].at("volumeMounts").size() == 1);
  CHECK(spec.at("containers")[0].at("volumeMounts")[0].at("mountPath") == "/conf");
}

TEST_CASE("init containers have run; sidecars start afresh", "[pod_spec]") {
  Json source = real_pod();
  source["spec"]["initContainers"] =
      Json::array({{{"name", "init"}}, {{"name", "proxy"}, {"restartPolicy", "Always"}}});
  const TargetPod target = make_target_pod(source, edits());
  REQUIRE(target.pod.at("spec").at("initContainers").size() == 1);
  CHECK(target.pod.at("spec").at("initContainers")[0].at("name") == "proxy");
  CHECK(has_line(target.notes, "init container init is dropped"));
}

TEST_CASE("what the API server merges into selectors is left to it again", "[pod_spec]") {
  Json pod = real_pod();
  pod["metadata"]["labels"] = {{"app", "consumer"}, {"zone", "b"}, {"pod-template-hash", "5d4f"}};
  const Json hash = Json::parse(R"({"key":"pod-template-hash","operator":"In","values":["5d4f"]})"),
             zone = Json::parse(R"({"key":"zone","operator":"In","values":["b"]})"),
             other = Json::parse(R"({"key":"zone","operator":"NotIn","values":["b"]})");
  const Json selector{{"matchLabels", {{"app", "consumer"}}}, {"matchExpressions", {hash, zone}}};
  pod["spec"]["topologySpreadConstraints"] =
      Json::array({{{"matchLabelKeys", {"pod-template-hash", "zone"}}, {"labelSelector", selector}}});
  pod["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] = Json::array(
      {{{"mismatchLabelKeys", Json::array({"zone"})}, {"labelSelector", {{"matchExpressions", {zone, other}}}}}});
  pod["spec"]["affinity"]["podAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"] =
      Json::array({{{"weight", 1},
                    {"podAffinityTerm",
                     {{"matchLabelKeys", Json::array({"zone"})},
                      {"labelSelector", {{"matchExpressions", Json::array({zone})}}}}}}});
  PodEdits edit = edits();
  edit.without_labels = {"pod-template-hash"};
  const Json spec = make_target_pod(pod, edit).pod.at("spec");
  // The copy has no hash when it is created, so nothing brings that back.
  CHECK(spec.at("topologySpreadConstraints")[0].at("labelSelector") ==
        Json{{"matchLabels", {{"app", "consumer"}}}, {"matchExpressions", Json::array({hash})}});
  CHECK(spec.at("affinity")
            .at("podAntiAffinity")
            .at("requiredDuringSchedulingIgnoredDuringExecution")[0]
            .at("labelSelector")
            .at("matchExpressions") == Json::array({zone}));
  CHECK(spec.at("affinity")
            .at("podAffinity")
            .at("preferredDuringSchedulingIgnoredDuringExecution")[0]
            .at("podAffinityTerm")
            .at("labelSelector")
            .empty());
}

TEST_CASE("two living pods never share a host name", "[pod_spec]") {
  Json source = real_pod();
  source["spec"]["hostname"] = "consumer-0";
  source["spec"]["hostnameOverride"] = "mine";
  CHECK_FALSE(make_target_pod(source, edits()).pod.at("spec").contains("hostname"));
  CHECK_FALSE(make_target_pod(source, edits()).pod.at("spec").contains("hostnameOverride"));
  PodEdits same = edits();
  same.name = "consumer-0";
  CHECK(make_target_pod(source, same).pod.at("spec").at("hostname") == "consumer-0");
}

TEST_CASE("the difference names what changes and nothing else", "[pod_spec]") {
  const Json source = real_pod();
  const auto diff = diff_pods(source, make_target_pod(source, edits()).pod);
  CHECK(has_line(diff, "- metadata.name: \"consumer-0\""));
  CHECK(has_line(diff, "+ metadata.name: \"consumer-0-abc234\""));
  CHECK(has_line(diff, "+ spec.nodeName: \"worker-2\""));
  CHECK_FALSE(has_line(diff, "- spec.containers[consumer].env"));
  CHECK_FALSE(has_line(diff, "- metadata.uid"));
}

TEST_CASE("the container is the one that was named, the default, or the only one", "[pod_spec]") {
  Json pod = real_pod();
  CHECK(choose_container(pod, "") == "consumer");
  CHECK_THROWS_WITH(choose_container(pod, "nope"), Catch::Contains("has no container nope"));
  pod["spec"]["containers"].push_back({{"name", "sidecar"}});
  CHECK_THROWS_AS(choose_container(pod, ""), Error);
  CHECK(choose_container(pod, "sidecar") == "sidecar");
  pod["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] = "consumer";
  CHECK(choose_container(pod, "") == "consumer");
}
