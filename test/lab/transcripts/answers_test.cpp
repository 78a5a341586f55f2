// Single requests against the recorded cluster: objects, lists, errors, rights.
#include "compare.hpp"

using namespace ms2m::lab_test;

namespace {
// As it was recorded: consumer-0 of the StatefulSet on worker-1, a restored shadow on worker-2.
void set_up(Cluster& cluster) {
  cluster.add_nodes("198.18.0.11", "198.18.0.12");
  cluster.add_stateful_set();
  REQUIRE(eventually([&] { return cluster.pod("consumer-0")["spec"].contains("nodeName"); }));
  cluster.set_pod_status("consumer-0", load_transcript("get-pod").json["status"]);
  REQUIRE(eventually([&] {
    return cluster.object("/apis/apps/v1/namespaces/default/statefulsets/consumer")["status"].value("readyReplicas",
                                                                                                    0) == 1;
  }));
}
}  // namespace

TEST_CASE("objects and lists are as recorded") {
  Cluster cluster;
  set_up(cluster);
  // The recorded pod was scheduled by a real kubelet's clock; all else of it is what our controllers made.
  check_replay(cluster.api, "get-pod");
  check_replay(cluster.api, "get-statefulset");
  check_replay(cluster.api, "get-node");
  check_replay(cluster.api, "list-nodes");
  check_replay(cluster.api, "statefulset-scale-get");
  check_replay(cluster.api, "version");
  check_replay(cluster.api, "list-pods-for-watch");

  const Json shadow = load_transcript("get-pod-shadow-restored").json;
  Json wanted = shadow;
  wanted["metadata"].erase("resourceVersion");
  cluster.api.admin("POST", "/api/v1/namespaces/default/pods", wanted);
  cluster.set_pod_status("consumer-0-shadow", shadow["status"]);
  check_replay(cluster.api, "list-pods-by-label");
  check_replay(cluster.api, "list-pods-fieldselector-node");
  check_replay(cluster.api, "list-pods-limit-1");

  check_replay(cluster.api, "patch-pod-label", {{"/status"}});
  check_replay(cluster.api, "patch-pod-label-remove", {{"/status"}});
}

TEST_CASE("the pages of a list make up the list") {
  Cluster cluster;
  for (const char* name : {"a", "b", "c"})
    cluster.api.admin("POST", "/api/v1/namespaces/default/configmaps", {{"metadata", {{"name", name}}}});
  const std::string target = "/api/v1/namespaces/default/configmaps?limit=2";
  const Json first = cluster.object(target);
  REQUIRE(first["items"].size() == 2);
  CHECK(first["metadata"]["remainingItemCount"] == 2);  // kube-root-ca.crt is the fourth
  const Json second = cluster.object(target + "&continue=" + first["metadata"]["continue"].get<std::string>());
  REQUIRE(second["items"].size() == 2);
  CHECK_FALSE(second["metadata"].contains("continue"));
  CHECK(second["items"][0]["metadata"]["name"] == "c");
}

TEST_CASE("errors are worded as recorded") {
  Cluster cluster;
  set_up(cluster);
  for (const char* name :
       {"err-400-bad-json", "err-400-unknown-field-strict", "err-401-bad-token", "err-403-nobody-cert",
        "err-403-viewer-create-pod", "err-404-node", "err-404-path", "err-404-pod", "err-404-service-account",
        "err-409-pod-exists", "err-415-patch-content-type", "err-422-pod-invalid", "err-anonymous", "scale-404",
        "patch-403", "delete-pod-404", "del-nonode"})
    check_replay(cluster.api, name);
  // The recorded bodies carry the uid and the revision of the recorded pod.
  for (const char* name : {"err-409-conflict-resourceversion", "err-422-change-nodename"}) {
    Transcript transcript = load_transcript(name);
    Json body = Json::parse(transcript.body);
    const Json present = cluster.pod("consumer-0");
    body["spec"] = present["spec"];
    body["metadata"]["uid"] = present["metadata"]["uid"];
    body["metadata"]["ownerReferences"] = present["metadata"]["ownerReferences"];
    if (std::string(name) == "err-422-change-nodename") {
      body["metadata"]["resourceVersion"] = present["metadata"]["resourceVersion"];
      body["spec"]["nodeName"] = "worker-2";
    }
    transcript.body = body.dump();
    check_answer(transcript, cluster.api.replay(transcript));
  }
}

TEST_CASE("pods get the recorded defaults") {
  Cluster cluster;
  cluster.add_nodes("198.18.0.11", "198.18.0.12");
  for (const char* name :
       {"warn-unknown-field", "create-pod-nonexistent-node-dryrun", "pullpolicy-default-latest",
        "pullpolicy-default-t1", "create-pod-tmp", "create-pod-shadow", "restore-no-sa-token-mount-create",
        "restore-with-limits-create", "vol-vol-create", "deploy-shadow-app-label", "create-pod-nonexistent-node"})
    check_replay(cluster.api, name);
  check_replay(cluster.api, "err-409-delete-precondition-uid");
  const Json deleted = load_transcript("delete-pod-grace0-query").json;
  cluster.set_pod_status("tmp1", deleted["status"]);
  check_replay(cluster.api, "delete-pod-grace0-query");
  CHECK(cluster.pod("tmp1").is_null());
}

TEST_CASE("rights are told as recorded") {
  Cluster cluster;
  for (const char* name :
       {"ssar-admin-nodes-proxy-create", "ssar-admin-nodes-proxy-get", "ssar-admin-nodes-checkpoint-create",
        "ssar-ms2m-admin-nodes-proxy-create", "ssar-ms2m-admin-nodes-proxy-get",
        "ssar-ms2m-admin-nodes-checkpoint-create", "ssar-ms2m-viewer-nodes-proxy-create",
        "ssar-ms2m-viewer-nodes-proxy-get", "ssar-ms2m-viewer-nodes-checkpoint-create"})
    check_replay(cluster.api, name);
  const Transcript rules = load_transcript("ssrr-viewer");
  const Reply reply = cluster.api.replay(rules);
  CHECK(reply.status == rules.status);
  const CompareOptions lists{{"/status/resourceRules", "/status/nonResourceRules"}};  // the stand-in serves fewer kinds
  CHECK(difference(rules.json, reply.json(), lists) == "");
  CHECK(reply.json()["status"]["resourceRules"].size() > 5);
}

TEST_CASE("a comparison that finds nothing would be worthless") {
  const Json expected = load_transcript("get-pod").json;
  Json other = expected;
  other["spec"].erase("dnsPolicy");
  CHECK(difference(expected, other) != "");
  other = expected;
  other["spec"]["extra"] = 1;
  CHECK(difference(expected, other) != "");
  other = expected;
  other["status"]["conditions"][0]["status"] = "False";
  CHECK(difference(expected, other) != "");
  CHECK(difference(expected, expected) == "");
  Json error = load_transcript("err-404-pod").json;
  error["message"] = "pods \"nope\" is not there";
  CHECK(difference(load_transcript("err-404-pod").json, error) != "");
}
