// A StatefulSet that is orphaned, loses its pod, and is created again around a restored one.
#include "compare.hpp"

using namespace ms2m::lab_test;

namespace {
const std::string kSet = "/apis/apps/v1/namespaces/default/statefulsets/consumer";
const std::string kPod = "/api/v1/namespaces/default/pods/consumer-0";

void set_up(Cluster& cluster) {
  cluster.add_nodes();
  cluster.add_stateful_set();
  cluster.make_ready("consumer-0");
  REQUIRE(eventually([&] { return cluster.object(kSet)["status"].value("readyReplicas", 0) == 1; }));
}

// The set as a client puts it back: without what the server sets.
Json recreatable(Json set) {
  set.erase("status");
  for (const char* field : {"uid", "resourceVersion", "creationTimestamp", "generation"}) set["metadata"].erase(field);
  return set;
}

void orphan_and_remove_pod(Cluster& cluster) {
  check_replay(cluster.api, "sts-delete-orphan", {{"/status"}});
  REQUIRE(eventually([&] { return cluster.object(kSet).is_null(); }));
  CHECK(owner_of(cluster.pod("consumer-0")).empty());
  CHECK_FALSE(cluster.pod("consumer-0")["metadata"].contains("deletionTimestamp"));
  cluster.api.admin("DELETE", kPod);
  cluster.finish_deletion("consumer-0");
  REQUIRE(cluster.pod("consumer-0").is_null());
}

Json restored_pod(const std::string& transcript, const Json& revision) {
  Json pod = Json::parse(load_transcript(transcript).body);
  if (pod["metadata"]["labels"].contains("controller-revision-hash"))
    pod["metadata"]["labels"]["controller-revision-hash"] = revision;
  return pod;
}
}  // namespace

TEST_CASE("a restored pod with the revision's label is adopted and stays") {
  Cluster cluster;
  set_up(cluster);
  const Json set = cluster.object(kSet);
  const Json revision = set["status"]["updateRevision"];
  orphan_and_remove_pod(cluster);
  const Reply created =
      cluster.api.admin("POST", "/api/v1/namespaces/default/pods", restored_pod("sts-readopt-create-True", revision));
  REQUIRE(created.status == 201);
  CHECK(difference(load_transcript("sts-readopt-create-True").json, created.json()) == "");
  cluster.make_ready("consumer-0");
  REQUIRE(cluster.api.admin("POST", "/apis/apps/v1/namespaces/default/statefulsets", recreatable(set)).status == 201);
  REQUIRE(eventually([&] { return owner_of(cluster.pod("consumer-0")) == "StatefulSet/consumer"; }));
  REQUIRE(eventually([&] { return cluster.object(kSet)["status"].value("readyReplicas", 0) == 1; }));
  CHECK(cluster.object(kSet)["status"]["updateRevision"] == revision);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const Json pod = cluster.pod("consumer-0");
  CHECK(pod["metadata"]["uid"] == created.json()["metadata"]["uid"]);
  CHECK_FALSE(pod["metadata"].contains("deletionTimestamp"));
  CHECK(difference(load_transcript("sts-readopted-pod-True").json, pod, {{"/status"}}) == "");
}

TEST_CASE("without that label it is adopted and then replaced") {
  Cluster cluster;
  set_up(cluster);
  const Json set = cluster.object(kSet);
  orphan_and_remove_pod(cluster);
  cluster.api.admin("POST", "/api/v1/namespaces/default/pods", restored_pod("sts-readopt-create-at-0", nullptr));
  cluster.make_ready("consumer-0");
  cluster.api.admin("POST", "/apis/apps/v1/namespaces/default/statefulsets", recreatable(set));
  REQUIRE(eventually([&] { return cluster.pod("consumer-0")["metadata"].contains("deletionTimestamp"); }));
  CHECK(owner_of(cluster.pod("consumer-0")) == "StatefulSet/consumer");
  cluster.finish_deletion("consumer-0");
  REQUIRE(eventually([&] { return cluster.pod("consumer-0")["spec"].contains("nodeName"); }));
  cluster.set_pod_status("consumer-0", load_transcript("sts-readopted-pod").json["status"]);
  Json fresh = cluster.pod("consumer-0");
  CHECK(difference(load_transcript("sts-readopted-pod").json, fresh) == "");
}

TEST_CASE("at 0 replicas a pod of the set's name is adopted and deleted") {
  Cluster cluster;
  set_up(cluster);
  cluster.api.admin("PATCH", kSet + "/scale", {{"spec", {{"replicas", 0}}}}, "application/merge-patch+json");
  REQUIRE(eventually([&] { return cluster.pod("consumer-0")["metadata"].contains("deletionTimestamp"); }));
  cluster.finish_deletion("consumer-0");
  REQUIRE(cluster.pod("consumer-0").is_null());
  check_replay(cluster.api, "sts-readopt-create-at-0");
  REQUIRE(eventually([&] { return cluster.pod("consumer-0")["metadata"].contains("deletionTimestamp"); }));
  CHECK(owner_of(cluster.pod("consumer-0")) == "StatefulSet/consumer");
}

TEST_CASE("a pod beside the set, of another name, is left alone") {
  Cluster cluster;
  set_up(cluster);
  cluster.add_pod("consumer-0-shadow", {{"app", "consumer"}}, "worker-2");
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK(owner_of(cluster.pod("consumer-0-shadow")).empty());
}

TEST_CASE("ordinals come up in order and go in reverse") {
  Cluster cluster;
  set_up(cluster);
  const auto scale = [&](int replicas) {
    cluster.api.admin("PATCH", kSet + "/scale", {{"spec", {{"replicas", replicas}}}}, "application/merge-patch+json");
  };
  scale(3);
  REQUIRE(eventually([&] { return !cluster.pod("consumer-1").is_null(); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  CHECK(cluster.pod("consumer-2").is_null());  // waits for consumer-1
  cluster.make_ready("consumer-1");
  REQUIRE(eventually([&] { return !cluster.pod("consumer-2").is_null(); }));
  cluster.make_ready("consumer-2");
  scale(1);
  REQUIRE(eventually([&] { return cluster.pod("consumer-2")["metadata"].contains("deletionTimestamp"); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  CHECK_FALSE(cluster.pod("consumer-1")["metadata"].contains("deletionTimestamp"));
  cluster.finish_deletion("consumer-2");
  CHECK(eventually([&] { return cluster.pod("consumer-1")["metadata"].contains("deletionTimestamp"); }));
}

TEST_CASE("the Service has the pods that are ready") {
  Cluster cluster;
  set_up(cluster);
  cluster.set_pod_status("consumer-0", load_transcript("get-pod").json["status"]);
  cluster.add_pod("consumer-0-shadow", {{"app", "consumer"}}, "worker-2");
  cluster.set_pod_status("consumer-0-shadow", load_transcript("get-pod-shadow-ready").json["status"]);
  const Transcript slices = load_transcript("service-endpointslices");
  REQUIRE(eventually([&] {
    const Json now = cluster.object(slices.target);
    return now["items"].size() == 1 && now["items"][0]["endpoints"].size() == 2;
  }));
  check_replay(cluster.api, "service-endpointslices",
               {{"/items/0/metadata/generation", "/items/0/endpoints/0/addresses", "/items/0/endpoints/1/addresses"}});
}
