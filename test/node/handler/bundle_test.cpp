// What is read out of a bundle.
#include "node/handler/bundle.hpp"
#include "fake_node.hpp"
#include "ms2m/error.hpp"
#include "ms2m/json.hpp"
#include "support/catch.hpp"

using namespace ms2m;
using namespace ms2m::test;
using namespace ms2m::node;
using Catch::Contains;

namespace {

Json crio() {
  return {{"root", {{"path", "/var/lib/containers/storage/overlay/x/merged"}}},
          {"process", {{"selinuxLabel", "system_u:system_r:container_t:s0:c1,c2"}}},
          {"linux", {{"mountLabel", "system_u:object_r:container_file_t:s0:c1,c2"}}},
          {"annotations",
           {{"ms2m.io/restore", "k3x9qa/consumer"},
            {"io.kubernetes.cri-o.ContainerType", "container"},
            {"io.kubernetes.cri-o.ImageRef", kImage},
            {"io.kubernetes.pod.namespace", "shop"},
            {"io.kubernetes.pod.name", "consumer-0-m"},
            {"io.kubernetes.pod.uid", kUid},
            {"io.kubernetes.container.name", "consumer"}}}};
}

Json containerd() {
  return {{"root", {{"path", "rootfs"}}},
          {"annotations",
           {{"ms2m.io/restore", "k3x9qa/consumer"},
            {"io.kubernetes.cri.container-type", "container"},
            {"io.kubernetes.cri.sandbox-namespace", "shop"},
            {"io.kubernetes.cri.sandbox-name", "consumer-0-m"},
            {"io.kubernetes.cri.sandbox-uid", kUid},
            {"io.kubernetes.cri.container-name", "consumer"}}}};
}

std::optional<Bundle> parsed(const Json& config) { return parse_bundle(config.dump(), "/run/b"); }

}  // namespace

TEST_CASE("bundles of CRI-O and of containerd", "[node_handler]") {
  const auto one = parsed(crio());
  REQUIRE(one);
  CHECK(one->id == "k3x9qa");
  CHECK(one->asking.ns == "shop");
  CHECK(one->asking.pod == "consumer-0-m");
  CHECK(one->asking.uid == kUid);
  CHECK(one->asking.container == "consumer");
  CHECK(one->asking.image_id == kImage);
  CHECK(one->root == "/var/lib/containers/storage/overlay/x/merged");
  CHECK(one->process_label == "system_u:system_r:container_t:s0:c1,c2");
  CHECK(one->mount_label == "system_u:object_r:container_file_t:s0:c1,c2");

  const auto other = parsed(containerd());
  REQUIRE(other);
  CHECK(other->asking.pod == "consumer-0-m");
  CHECK(other->asking.uid == kUid);
  CHECK(other->asking.image_id.empty());
  CHECK(other->root == "/run/b/rootfs");
  CHECK(other->process_label.empty());
}

TEST_CASE("sandboxes, other containers of the pod, pods without the annotation are none of ours", "[node_handler]") {
  for (Json config : {crio(), containerd()}) {
    Json& annotations = config["annotations"];
    const bool is_crio = annotations.contains("io.kubernetes.cri-o.ContainerType");
    const char* type = is_crio ? "io.kubernetes.cri-o.ContainerType" : "io.kubernetes.cri.container-type";
    const char* name = is_crio ? "io.kubernetes.container.name" : "io.kubernetes.cri.container-name";
    Json sandbox = config, sidecar = config, plain = config;
    sandbox["annotations"][type] = "sandbox";
    sidecar["annotations"][name] = "proxy";
    plain["annotations"].erase("ms2m.io/restore");
    for (const Json& each : {sandbox, sidecar, plain}) CHECK_FALSE(parsed(each));
  }
  CHECK_FALSE(parse_bundle("", "/b"));
  CHECK_FALSE(parse_bundle("no JSON", "/b"));
  CHECK_FALSE(parse_bundle(R"({"process":{"args":["ms2m.io/restore"]}})", "/b"));
  CHECK_FALSE(read_bundle("/nowhere"));
}

TEST_CASE("an annotation, or a bundle with it, that is not understood is refused", "[node_handler]") {
  for (const char* value :
       {"k3x9qa", "k3x9qa/", "/consumer", "../x/consumer", "k3x9qa/a/b", "K/consumer", "k3x9qa/..x"}) {
    Json config = crio();
    config["annotations"]["ms2m.io/restore"] = value;
    INFO(value);
    CHECK_THROWS_WITH(parsed(config), Contains("is not ID/CONTAINER"));
  }
  Json config = crio();
  config["annotations"].erase("io.kubernetes.cri-o.ImageRef");
  CHECK_THROWS_WITH(parsed(config), Contains("ID of its image"));
  config = crio();
  config["annotations"].erase("io.kubernetes.cri-o.ContainerType");
  CHECK_THROWS_WITH(parsed(config), Contains("no kubelet's"));
  config = crio();
  config["root"] = "/";
  CHECK_THROWS_WITH(parsed(config), Contains("no root file system"));
  CHECK_THROWS_AS(parse_bundle(R"({"annotations":{"ms2m.io/restore":)", "/b"), Error);
}
