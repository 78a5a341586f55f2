// Watches: the recorded life of a pod, the ends of a watch, selectors.
#include "compare.hpp"

using namespace ms2m::lab_test;

namespace {
// What a client tells the events of a pod's life apart by.
std::string step(const Json& event) {
  const Json& object = event["object"];
  std::string text = event["type"].get<std::string>();
  if (text == "BOOKMARK" || text == "ERROR") return text;
  const Json& metadata = object["metadata"];
  text += " " + object["status"].value("phase", "") + " generation " + metadata["generation"].dump();
  if (metadata.contains("deletionTimestamp")) text += " deleting " + metadata["deletionGracePeriodSeconds"].dump();
  for (const Json& condition : object["status"].value("conditions", Json::array()))
    if (condition["type"] == "Ready") text += " Ready=" + condition["status"].get<std::string>();
  return text;
}

std::vector<std::string> steps(const std::vector<Json>& events) {
  std::vector<std::string> result;
  for (const Json& event : events) result.push_back(step(event));
  return result;
}

// Does to the pod what was done when the watch was recorded, the kubelet's reports included.
void live_recorded_life(Cluster& cluster, const Transcript& recorded) {
  check_replay(cluster.api, "create-pod-shadow");
  const auto report = [&](int event) {
    cluster.set_pod_status("consumer-0-shadow", recorded.events[static_cast<std::size_t>(event)]["object"]["status"]);
  };
  for (int event : {1, 2, 3, 4}) report(event);
  check_replay(cluster.api, "delete-pod-shadow-grace");
  for (int event : {6, 7}) report(event);
  cluster.finish_deletion("consumer-0-shadow");
}
}  // namespace

TEST_CASE("a pod's life is seen as it was recorded") {
  Cluster cluster;
  cluster.add_nodes("198.18.0.11", "198.18.0.12");
  const Transcript recorded = load_transcript("watch-shadow-pod");
  const std::string revision = cluster.object("/api/v1/namespaces/default/pods")["metadata"]["resourceVersion"];
  std::thread life;
  const auto events = cluster.api.watch(
      "/api/v1/namespaces/default/"
      "pods?watch=true&allowWatchBookmarks=true&fieldSelector=metadata.name%3Dconsumer-0-shadow"
      "&timeoutSeconds=10&resourceVersion=" +
          revision,
      [&] { life = std::thread([&] { live_recorded_life(cluster, recorded); }); });
  life.join();
  CHECK(steps(events) == steps(recorded.events));
  for (std::size_t i = 0; i < std::min(events.size(), recorded.events.size()); ++i) {
    INFO("event " << i);
    CHECK(difference(recorded.events[i], events[i]) == "");
  }
}

TEST_CASE("a watch from too long ago is told so") {
  Cluster cluster;
  for (const char* name : {"watch-410-gone", "watch-410-old-rv"}) {
    const Transcript recorded = load_transcript(name);
    const auto events = cluster.api.watch(recorded.target);
    REQUIRE(events.size() == 1);
    CHECK(difference(recorded.events[0], events[0]) == "");
  }
}

TEST_CASE("without a revision a watch begins with what is there") {
  Cluster cluster;
  cluster.add_pod("a", {{"app", "x"}}, "worker-1");
  cluster.add_pod("b", {{"app", "y"}}, "worker-1");
  const auto events =
      cluster.api.watch("/api/v1/namespaces/default/pods?watch=true&timeoutSeconds=3&labelSelector=app%3Dx");
  REQUIRE(events.size() == 1);
  CHECK(events[0]["type"] == "ADDED");
  CHECK(events[0]["object"]["metadata"]["name"] == "a");
}

TEST_CASE("an object that begins or ceases to match appears or disappears") {
  Cluster cluster;
  cluster.add_pod("a", {{"app", "x"}}, "worker-1");
  const std::string revision = cluster.object("/api/v1/namespaces/default/pods")["metadata"]["resourceVersion"];
  const auto label = [&](const Json& value) {
    cluster.api.admin("PATCH", "/api/v1/namespaces/default/pods/a", {{"metadata", {{"labels", {{"role", value}}}}}},
                      "application/merge-patch+json");
  };
  label("target");
  label("target2");
  label(nullptr);
  const auto events =
      cluster.api.watch("/api/v1/pods?watch=true&timeoutSeconds=3&labelSelector=role&resourceVersion=" + revision);
  REQUIRE(events.size() == 3);
  CHECK(events[0]["type"] == "ADDED");
  CHECK(events[1]["type"] == "MODIFIED");
  CHECK(events[2]["type"] == "DELETED");
  CHECK(events[2]["object"]["metadata"]["labels"]["role"] == "target2");
}
