// Deployments, ReplicaSets and StatefulSets: the recorded answers, and what kube-facts says that their controllers do.
#include <set>

#include "compare.hpp"

using namespace ms2m::lab_test;

namespace {
const std::string kApps = "/apis/apps/v1/namespaces/default/";
const std::string kPods = "/api/v1/namespaces/default/pods/";
const char* const kCost = "controller.kubernetes.io/pod-deletion-cost";

std::string only_pod(Cluster& cluster, const std::string& selector) {
  const auto pods = cluster.pods(selector);
  return pods.size() == 1 ? pods[0]["metadata"]["name"].get<std::string>() : "";
}

bool is_deployed(Cluster& cluster) {
  const Json deployment = cluster.object(kApps + "deployments/web");
  return deployment["status"].value("availableReplicas", 0) == 1 && deployment["status"].value("replicas", 0) == 1;
}

// The requests were recorded with the names, revisions and uids of that day.
Reply replay_scale(Cluster& cluster, const std::string& name, const std::string& revision) {
  Transcript transcript = load_transcript(name);
  Json body = Json::parse(transcript.body);
  const Json present = cluster.object(kApps + "deployments/web/scale");
  body["metadata"]["uid"] = present["metadata"]["uid"];
  body["metadata"]["resourceVersion"] = revision.empty() ? present["metadata"]["resourceVersion"] : Json(revision);
  transcript.body = body.dump();
  const Reply reply = cluster.api.replay(transcript);
  check_answer(transcript, reply);
  return reply;
}
}  // namespace

TEST_CASE("a Deployment and its ReplicaSet are as recorded") {
  Cluster cluster;
  cluster.add_nodes("198.18.0.11", "198.18.0.12");
  cluster.add_deployment();
  const std::string pod = only_pod(cluster, "app=web");
  REQUIRE(eventually([&] { return cluster.pod(pod)["spec"].contains("nodeName"); }));
  cluster.set_pod_status(pod, load_transcript("list-pods-of-deployment").json["items"][0]["status"]);
  REQUIRE(eventually([&] {
    return is_deployed(cluster) &&
           cluster.object(kApps + "deployments/web")["status"]["conditions"][1]["reason"] == "NewReplicaSetAvailable";
  }));
  check_replay(cluster.api, "get-deployment");
  check_replay(cluster.api, "list-pods-of-deployment");
  const std::string set = owner_of(cluster.pod(pod)).substr(std::string("ReplicaSet/").size());
  Transcript get_set = load_transcript("get-replicaset");
  get_set.target = kApps + "replicasets/" + set;
  check_answer(get_set, cluster.api.replay(get_set));
  check_replay(cluster.api, "deployment-scale-get");
  check_replay(cluster.api, "patch-deployment-strategic");  // begins a rollout to worker-2

  REQUIRE(eventually([&] { return cluster.pods("app=web").size() == 2; }));
  const CompareOptions no_status{{"/status"}};  // recorded at another moment of the rollout
  check_replay(cluster.api, "patch-deployment-merge-annotation", no_status);
  check_replay(cluster.api, "patch-deployment-json", no_status);
  check_replay(cluster.api, "patch-deployment-json-fail");
  check_replay(cluster.api, "patch-deployment-ssa", no_status);
  for (const Json& item : cluster.pods("app=web")) cluster.make_ready(item["metadata"]["name"]);
  REQUIRE(eventually([&] { return cluster.pod(pod)["metadata"].contains("deletionTimestamp"); }));
  cluster.finish_deletion(pod);
  REQUIRE(eventually([&] { return is_deployed(cluster) && cluster.pods("app=web").size() == 1; }));
  CHECK(cluster.pods("app=web")[0]["spec"]["nodeName"] == "worker-2");
}

TEST_CASE("a selector's equals signs need no escaping") {
  Cluster cluster;
  cluster.add_pod("a", {{"app", "x"}}, "worker-1");
  CHECK(cluster.pods("app=x").size() == 1);
  CHECK(cluster.pods("app%3Dx").size() == 1);
  CHECK(cluster.pods("app==x").size() == 1);
  CHECK(cluster.pods("app!=x").empty());
}

TEST_CASE("scaling is as recorded") {
  Cluster cluster;
  cluster.add_nodes();
  cluster.add_deployment();
  cluster.add_stateful_set();
  cluster.make_ready(only_pod(cluster, "app=web"));
  cluster.make_ready("consumer-0");
  REQUIRE(eventually([&] { return is_deployed(cluster); }));
  check_replay(cluster.api, "deployment-scale-get-2");
  const std::string old = cluster.object(kApps + "deployments/web/scale")["metadata"]["resourceVersion"];
  replay_scale(cluster, "deployment-scale-put", "");
  replay_scale(cluster, "deployment-scale-put-conflict", old);
  REQUIRE(eventually([&] { return cluster.pods("app=web")[0]["metadata"].contains("deletionTimestamp"); }));
  check_replay(cluster.api, "deployment-scale-patch-merge", {{"/status/replicas"}});
  check_replay(cluster.api, "statefulset-scale-put-no-rv");
}

TEST_CASE("a pod with all labels of a ReplicaSet is adopted and goes as surplus") {
  Cluster cluster;
  cluster.add_nodes();
  cluster.add_deployment();
  const std::string source = only_pod(cluster, "app=web");
  cluster.make_ready(source);
  const Json labels = cluster.pod(source)["metadata"]["labels"];
  REQUIRE(cluster.add_pod("web-shadow", labels, "worker-2").status == 201);
  CHECK(eventually([&] { return cluster.pod("web-shadow")["metadata"].contains("deletionTimestamp"); }));
  CHECK(owner_of(cluster.pod("web-shadow")).starts_with("ReplicaSet/"));
  CHECK_FALSE(cluster.pod(source)["metadata"].contains("deletionTimestamp"));
}

TEST_CASE("deletion cost decides which of two pods an adopting ReplicaSet keeps") {
  Cluster cluster;
  cluster.add_nodes();
  cluster.add_deployment();
  const std::string source = only_pod(cluster, "app=web");
  const Json hash = cluster.pod(source)["metadata"]["labels"]["pod-template-hash"];
  cluster.make_ready(source);
  REQUIRE(eventually([&] { return is_deployed(cluster); }));
  cluster.add_pod("web-target", {{"app", "web"}}, "worker-2", {{kCost, "2147483647"}});
  cluster.make_ready("web-target");
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  CHECK(owner_of(cluster.pod("web-target")).empty());  // one label is missing

  const auto patch = [&](const std::string& pod, const Json& metadata) {
    return cluster.api.admin("PATCH", kPods + pod, {{"metadata", metadata}}, "application/merge-patch+json");
  };
  patch(source, {{"annotations", {{kCost, "-2147483647"}}}});
  CHECK(patch("web-target", {{"labels", {{"pod-template-hash", hash}}}}).status == 200);
  CHECK(eventually([&] { return cluster.pod(source)["metadata"].contains("deletionTimestamp"); }));
  CHECK(cluster.pod(source)["metadata"]["deletionGracePeriodSeconds"] == 5);
  CHECK(owner_of(cluster.pod("web-target")) == owner_of(cluster.pod(source)));
  CHECK_FALSE(cluster.pod("web-target")["metadata"].contains("deletionTimestamp"));
  CHECK(is_deployed(cluster));
  cluster.finish_deletion(source);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  CHECK(only_pod(cluster, "app=web") == "web-target");
  CHECK(cluster.object(kApps + "replicasets")["items"].size() == 1);  // no rollout
}

TEST_CASE("a DaemonSet has a pod on each node that fits, and another when that goes or the template changes") {
  Cluster cluster;
  cluster.add_nodes("198.18.0.11", "198.18.0.12");
  const Json pod_template{{"metadata", {{"labels", {{"app", "d"}}}}},
                          {"spec", {{"containers", {{{"name", "c"}, {"image", "one"}}}}}}};
  cluster.api.admin("POST", kApps + "daemonsets",
                    {{"metadata", {{"name", "d"}}},
                     {"spec", {{"selector", {{"matchLabels", {{"app", "d"}}}}}, {"template", pod_template}}}});
  const auto nodes = [&] {
    std::set<std::string> found;
    for (const Json& pod : cluster.pods("app=d"))
      if (!pod["metadata"].contains("deletionTimestamp")) found.insert(pod["spec"].value("nodeName", ""));
    return found;
  };
  const std::set<std::string> both{"worker-1", "worker-2"};
  REQUIRE(eventually([&] { return nodes() == both; }));
  for (const Json& pod : cluster.pods("app=d")) {
    CHECK(owner_of(pod) == "DaemonSet/d");
    cluster.make_ready(pod["metadata"]["name"]);
  }
  CHECK(eventually([&] { return cluster.object(kApps + "daemonsets/d")["status"].value("numberReady", 0) == 2; }));
  const std::string gone = cluster.pods("app=d")[0]["metadata"]["name"];
  cluster.finish_deletion(gone);
  CHECK(eventually([&] { return nodes() == both && cluster.pod(gone).is_null(); }));
  cluster.api.admin(
      "PATCH", kApps + "daemonsets/d",
      {{"spec", {{"template", {{"spec", {{"nodeSelector", {{"kubernetes.io/hostname", "worker-1"}}}}}}}}}},
      "application/merge-patch+json");
  CHECK(eventually([&] {
    for (const Json& pod : cluster.pods("app=d"))
      if (pod["metadata"].contains("deletionTimestamp")) cluster.finish_deletion(pod["metadata"]["name"]);
    return nodes() == std::set<std::string>{"worker-1"} && cluster.pods("app=d").size() == 1;
  }));
}
