#include "kube/objects/names.hpp"

#include <fstream>
#include <map>
#include <set>

#include "base/ids.hpp"
#include "handover/queue_names.hpp"
#include "support/catch.hpp"

using namespace ms2m;

TEST_CASE("ids fit into Kubernetes names and differ", "[names]") {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const std::string id = new_id();
    CHECK(id.size() == 6);
    CHECK(id.front() >= 'a');
    CHECK(id.find_first_not_of("abcdefghjkmnpqrstuvwxyz23456789") == std::string::npos);
    seen.insert(id);
  }
  CHECK(seen.size() > 195);
}

TEST_CASE("the control queue follows /etc/hostname", "[names]") {
  Json pod{{"metadata", {{"name", "consumer-0"}}}, {"spec", Json::object()}};
  CHECK(control_queue(pod_hostname(pod)) == "ms2m.control.consumer-0");
  pod["spec"]["hostname"] = "other";
  CHECK(pod_hostname(pod) == "other");
  pod["spec"]["hostnameOverride"] = "mine";
  CHECK(pod_hostname(pod) == "mine");
  pod["spec"].erase("hostnameOverride");
  pod["spec"].erase("hostname");
  pod["metadata"]["name"] = std::string(62, 'a') + "-bcdef";
  CHECK(pod_hostname(pod) == std::string(62, 'a'));
}

TEST_CASE("a second migration replaces the suffix of the first", "[names]") {
  Json pod{{"metadata", {{"name", "consumer-0"}}}, {"spec", Json::object()}};
  CHECK(target_pod_name(pod, "abc234") == "consumer-0-abc234");
  pod["metadata"]["name"] = "consumer-0-abc234";
  pod["metadata"]["annotations"][kBaseNameAnnotation] = "consumer-0";
  CHECK(target_pod_name(pod, "xyz789") == "consumer-0-xyz789");
  pod["metadata"]["annotations"][kBaseNameAnnotation] = std::string(80, 'b');
  CHECK(target_pod_name(pod, "xyz789").size() == 63);
}

TEST_CASE("a pod's name is a host name that begins with its owner's", "[names]") {
  CHECK(name_with_suffix("web-5d4f", "abc23") == "web-5d4f-abc23");
  CHECK(name_with_suffix(std::string(56, 'w') + "-5d4f8c7b9", "abc23") == std::string(56, 'w') + "-abc23");
}

TEST_CASE("the checkpoint image has a tag of its own in the repository that the kubelet pulled from", "[names]") {
  const auto name = [](const char* original, const std::vector<std::string>& known = {}) {
    return checkpoint_image_name(original, known, "web-1-abc23", "abc234");
  };
  CHECK(name("docker.io/library/app:1.0") == "docker.io/library/app:ms2m-moved-abc234");
  CHECK(name("198.18.0.1:5000/app") == "198.18.0.1:5000/app:ms2m-moved-abc234");
  CHECK(name("quay.io/org/app@sha256:c6fcf37164f06db997bc6cb97a4ae582a60c5bdb65061be44e1c9c5fe492cce9") ==
        "quay.io/org/app:ms2m-moved-abc234");
  CHECK(name("quay.io/org/app:ms2m-moved-xyz789") == "quay.io/org/app:ms2m-moved-abc234");
  for (const char* local : {"localhost/app:latest", "localhost/ms2m/consumer-0:xyz789", "app:1", "org/app", "app"})
    CHECK(name(local) == "localhost/ms2m/web-1-abc23:abc234");
  // A short name that nobody can tell: the copy gets a name that needs no search.
  CHECK(name("app:1", {"docker.io/library/myapp:1", "app:1", "0bce92", "quay.io/app/x"}) ==
        "localhost/ms2m/web-1-abc23:abc234");
  CHECK(is_checkpoint_image_name(name("docker.io/library/app:1.0")));
  CHECK(is_checkpoint_image_name(name("app")));
  CHECK_FALSE(is_checkpoint_image_name("docker.io/library/app:1.0"));
}

TEST_CASE("short image names stay as the spec has them", "[names][case-04]") {
  std::ifstream in(std::string(MS2M_TEST_DATA) + "/cases/short-image-names.txt");
  REQUIRE(in);
  const std::map<std::string, std::vector<std::string>> right{
      // status or store; the pod's name for it; the nodes'
      {"shop/orders:1.4", {"docker.io/shop/orders:1.4", "shop/orders", "docker.io/shop/orders"}},
      {"python:3.12-slim",
       {"docker.io/library/python@sha256:" + std::string(64, 'a'), "python", "docker.io/library/python"}},
      {"orders", {"registry.example.com:5000/team/orders:latest", "orders", "registry.example.com:5000/team/orders"}},
      {"registry:5000/orders@sha256:" + std::string(64, '0'), {"", "registry:5000/orders", "registry:5000/orders"}}};
  std::size_t seen = 0;
  for (std::string original; std::getline(in, original); ++seen) {
    const auto& row = right.at(original);
    const std::vector<std::string> known{"0bce9242", row[0], "quay.io/other/name:1"};
    const std::string name = checkpoint_image_name(original, known, "web-1", "abc234");
    CHECK(name == row[1] + ":ms2m-moved-abc234");
    CHECK(name_in_store(name, known) == row[2] + ":ms2m-moved-abc234");
    // Moved once more it keeps its repository.
    const std::vector<std::string> later{"localhost/base", row[2] + ":ms2m-moved-abc234"};
    CHECK(checkpoint_image_name(name, later, "web-1", "xyz789") == row[1] + ":ms2m-moved-xyz789");
    CHECK(name_in_store(name, later) == row[2] + ":ms2m-moved-abc234");
  }
  CHECK(seen == right.size());
  // A registry whose address only looks like a path is none.
  CHECK(name_in_store("orders:1", {"team/orders:1"}).empty());
  CHECK(name_in_store("orders:1", {"localhost/orders:1"}) == "localhost/orders:1");
}

TEST_CASE("control messages carry role and migration", "[names]") {
  const Json message = Json::parse(start_replay("ms2m.x.hold", "hold", "x"));
  CHECK(message.at("type") == "START_REPLAY");
  CHECK(message.at("payload").at("queue") == "ms2m.x.hold");
  CHECK(message.at("payload").at("role") == "hold");
  CHECK(Json::parse(end_replay("target", "x")).at("type") == "END_REPLAY");
}
