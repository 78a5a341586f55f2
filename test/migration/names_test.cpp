#include "migration/names.hpp"

#include <set>

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

TEST_CASE("control messages carry role and migration", "[names]") {
  const Json message = Json::parse(start_replay("ms2m.x.hold", "hold", "x"));
  CHECK(message.at("type") == "START_REPLAY");
  CHECK(message.at("payload").at("queue") == "ms2m.x.hold");
  CHECK(message.at("payload").at("role") == "hold");
  CHECK(Json::parse(end_replay("target", "x")).at("type") == "END_REPLAY");
}
