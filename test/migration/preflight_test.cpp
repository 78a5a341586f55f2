#include "migration/preflight.hpp"

#include "support/catch.hpp"

using namespace ms2m;

namespace {

MigrationRequest request() {
  MigrationRequest r;
  r.ns = "default";
  r.pod = "consumer-0";
  r.target_node = "worker-2";
  r.queue = "app.events";
  return r;
}

Json node(const char* name) {
  Json n = Json::parse(R"({"metadata":{"labels":{}},"spec":{},"status":{"conditions":[{"type":"Ready","status":"True"}],
     "nodeInfo":{"architecture":"amd64","kernelVersion":"6.18"}}})");
  n["metadata"]["name"] = name;
  return n;
}

/// Facts of a migration that nothing speaks against.
Facts good() {
  Facts f;
  f.ns = "default";
  f.pod = Json::parse(
      R"({"metadata":{"name":"consumer-0","uid":"u"},"spec":{"nodeName":"worker-1","containers":[{"name":"consumer","image":"i"}]},
    "status":{"phase":"Running","containerStatuses":[{"name":"consumer","state":{"running":{}}}]}})");
  f.container = "consumer";
  f.base_image = "i";
  f.source.object = node("worker-1");
  f.target.object = node("worker-2");
  f.source.image = f.target.image = StoredImage{"abcdef0123456789", {"i"}};
  f.checkpoint_gate = true;
  f.source.look = NodeLook{{"avx2", "fpu", "vme"}, {}, Content::empty};
  f.target.look = f.source.look;
  f.depth = QueueDepth{3, 1};
  f.source_control = QueueDepth{0, 1};
  f.admin_version = "3.10.8";
  f.queue = QueueFacts{};
  f.policy_on_ours = Json::object();
  return f;
}

std::string refusal(const Facts& facts, const MigrationRequest& r = request()) {
  for (const Finding& finding : preflight(facts, r))
    if (finding.level == Level::refusal) {
      CHECK_FALSE(finding.cure.empty());
      return finding.text;
    }
  return "";
}

std::string warning(const Facts& facts, const MigrationRequest& r = request()) {
  for (const Finding& finding : preflight(facts, r))
    if (finding.level == Level::warning) return finding.text;
  return "";
}

using Catch::Contains;

}  // namespace

TEST_CASE("nothing speaks against a good migration", "[preflight]") {
  CHECK(refusal(good()).empty());
  CHECK(warning(good()).empty());
}

TEST_CASE("missing rights are named alone", "[preflight]") {
  Facts f = good();
  f.missing_rights = {{"create", "", "nodes", "proxy", "", "worker-1"}};
  f.depth.reset();
  CHECK(preflight(f, request()).size() == 1);
  CHECK_THAT(refusal(f), Contains("create nodes/proxy"));
}

TEST_CASE("nodes", "[preflight]") {
  Facts f = good();
  f.target.object.reset();
  CHECK_THAT(refusal(f), Contains("node worker-2 does not exist"));
  MigrationRequest r = request();
  r.target_node = "worker-1";
  CHECK_THAT(refusal(good(), r), Contains("already"));
  f = good();
  f.target.access = Trouble{"Permission denied", "add the key"};
  CHECK_THAT(refusal(f), Contains("cannot work on node worker-2: Permission denied"));
  f = good();
  (*f.target.object)["status"]["nodeInfo"]["architecture"] = "arm64";
  CHECK_THAT(refusal(f), Contains("amd64, the target node is arm64"));
}

TEST_CASE("required anti-affinity between nodes", "[preflight]") {
  Facts f = good();
  f.pod["spec"]["affinity"] = Json::parse(R"({"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[
    {"topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"app":"consumer"}}}]}})");
  f.target_node_pods = {Json::parse(
      R"({"metadata":{"name":"consumer-1","namespace":"default","labels":{"app":"other"}},"spec":{"containers":[]}})")};
  CHECK(refusal(f).empty());
  f.target_node_pods[0]["metadata"]["labels"]["app"] = "consumer";
  CHECK_THAT(refusal(f), Contains("anti-affinity forbids a node with pod consumer-1"));
  f.target_node_pods[0]["metadata"]["namespace"] = "elsewhere";
  CHECK(refusal(f).empty());
}

TEST_CASE("the base image must be there under the same ID", "[preflight]") {
  Facts f = good();
  f.target.image.reset();
  CHECK_THAT(refusal(f), Contains("is not on node worker-2 under the same ID"));
  f.target.image = StoredImage{"ffff", {"i"}};
  CHECK_THAT(refusal(f), Contains("under the same ID"));
}

TEST_CASE("the pod", "[preflight]") {
  Facts f = good();
  f.pod["status"]["containerStatuses"][0]["state"] = {{"waiting", Json::object()}};
  CHECK_THAT(refusal(f), Contains("is not running"));
  f = good();
  f.pod["spec"]["hostNetwork"] = true;
  CHECK_THAT(refusal(f), Contains("host's network"));
  f = good();
  f.pod["metadata"]["ownerReferences"] = Json::array({{{"kind", "DaemonSet"}, {"name", "d"}, {"controller", true}}});
  CHECK_THAT(refusal(f), Contains("a pod of a DaemonSet"));
  f = good();
  f.pod["metadata"]["ownerReferences"] = Json::array({{{"kind", "Job"}, {"name", "j"}, {"controller", true}}});
  CHECK_THAT(refusal(f), Contains("a pod of a Job"));
  f = good();
  f.pod["metadata"]["labels"] = {{"app", "consumer"}};
  f.disruption_budgets = {Json::parse(
      R"({"metadata":{"name":"b"},"spec":{"selector":{"matchLabels":{"app":"consumer"}}},"status":{"disruptionsAllowed":0}})")};
  CHECK_THAT(refusal(f), Contains("PodDisruptionBudget b allows no disruption"));
  f = good();
  f.checkpoint_gate = false;
  CHECK_THAT(refusal(f), Contains("checkpoints switched off"));
}

TEST_CASE("what a restored process or a pod without a scheduler cannot have", "[preflight]") {
  const auto with = [](const char* field, Json value) {
    Facts f = good();
    f.pod["spec"][field] = std::move(value);
    return f;
  };
  CHECK_THAT(refusal(with("shareProcessNamespace", true)), Contains("share their processes"));
  CHECK(refusal(with("shareProcessNamespace", false)).empty());
  CHECK_THAT(refusal(with("hostUsers", false)), Contains("hostUsers: false"));
  CHECK(refusal(with("hostUsers", true)).empty());
  CHECK_THAT(refusal(with("resourceClaims", Json::array({{{"name", "gpu"}}}))), Contains("resource claims"));
  CHECK_THAT(warning(with("readinessGates", Json::array({{{"conditionType", "example.com/in"}}}))),
             Contains("readiness gate example.com/in"));
  Facts f = good();
  f.pod["spec"]["containers"][0]["lifecycle"]["postStart"]["exec"] = Json::object();
  CHECK_THAT(warning(f), Contains("postStart hook of container consumer runs once more"));
}

TEST_CASE("the name of a pod with a finalizer is not free when its object is deleted", "[preflight]") {
  Facts f = good();
  f.pod["metadata"]["finalizers"] = Json::array({"example.com/wait"});
  CHECK(refusal(f).empty());
  MigrationRequest r = request();
  r.strategy = Strategy::sequential;
  CHECK_THAT(refusal(f, r), Contains("finalizer example.com/wait"));
}

TEST_CASE("files and sockets that the copy could not open again", "[preflight]") {
  Facts f = good();
  f.source.look.listens_on_own_address = true;
  CHECK_THAT(refusal(f), Contains("listens on the pod's own address"));
  f = good();
  f.pod["spec"]["volumes"] = Json::parse(
      R"([{"name":"settings","configMap":{"name":"c"}},{"name":"scratch","emptyDir":{}},{"name":"share","nfs":{}}])");
  f.pod["spec"]["containers"][0]["volumeMounts"] = Json::parse(
      R"([{"name":"settings","mountPath":"/etc/app"},{"name":"scratch","mountPath":"/tmp/s"},{"name":"share","mountPath":"/share"}])");
  MigrationRequest r = request();
  r.accept_volume_loss = true;
  f.source.look.open_files = {"/app/main.py", "/etc/app/other", "/share/x", "/tmp/somewhere"};
  CHECK(refusal(f, r).empty());
  f.source.look.open_files.insert("/etc/app/..2026_11_22_09_12_09.123456789/settings.yaml");
  CHECK_THAT(refusal(f, r), Contains("settings.yaml of configMap volume settings is open"));
  f.source.look.open_files = {"/tmp/s/journal"};
  CHECK_THAT(refusal(f, r), Contains("file /tmp/s/journal of emptyDir volume scratch is open"));
  f.source.look.open_files = {"/dev/shm/sem.x"};
  CHECK_THAT(refusal(f, r), Contains("file /dev/shm/sem.x of /dev/shm is open"));
}

TEST_CASE("a host name that is a full domain name", "[preflight]") {
  Facts f = good();
  f.pod["spec"]["setHostnameAsFQDN"] = true;
  CHECK(refusal(f).empty());
  f.pod["spec"]["subdomain"] = "consumer";
  CHECK_THAT(refusal(f), Contains("setHostnameAsFQDN"));
}

TEST_CASE("a set that would not go, or that somebody could bring back", "[preflight]") {
  Facts f = good();
  f.pod["metadata"]["labels"] = {{"app", "consumer"}};
  f.pod["metadata"]["ownerReferences"] =
      Json::array({{{"kind", "StatefulSet"}, {"name", "consumer"}, {"controller", true}}});
  f.owner = Json::parse(
      R"({"metadata":{"name":"consumer","generation":1},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"consumer"}}},
    "status":{"observedGeneration":1,"replicas":1,"updatedReplicas":1,"readyReplicas":1}})");
  MigrationRequest r = request();
  r.strategy = Strategy::handoff;
  CHECK(refusal(f, r).empty());
  CHECK(warning(f, r).empty());
  (*f.owner)["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] = "app:apps/StatefulSet:default/consumer";
  CHECK_THAT(warning(f, r), Contains("statefulset consumer is deployed by Argo CD"));
  (*f.owner)["metadata"]["finalizers"] = Json::array({"example.com/wait"});
  CHECK_THAT(refusal(f, r), Contains("statefulset consumer has the finalizer example.com/wait"));
  r.strategy = Strategy::sequential;
  CHECK(refusal(f, r).empty());
}

TEST_CASE("a directory that is named after the pod is another for the copy", "[preflight]") {
  Facts f = good();
  Json& container = f.pod["spec"]["containers"][0];
  container["env"] =
      Json::parse(R"([{"name":"POD","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}},{"name":"ZONE","value":"b"},
    {"name":"NODE","valueFrom":{"fieldRef":{"fieldPath":"spec.nodeName"}}}])");
  container["volumeMounts"] = Json::parse(R"([{"name":"data","mountPath":"/data","subPathExpr":"$(ZONE)/x"}])");
  CHECK(refusal(f).empty());
  container["volumeMounts"][0]["subPathExpr"] = "$(ZONE)/$(POD)";
  CHECK_THAT(refusal(f), Contains("mount /data leads to a directory that is named after metadata.name"));
  MigrationRequest r = request();
  r.strategy = Strategy::sequential;
  CHECK(refusal(f, r).empty());  // keeps the name
  container["volumeMounts"][0]["subPathExpr"] = "$(NODE)";
  CHECK_THAT(refusal(f, r), Contains("named after spec.nodeName"));
}

TEST_CASE("strategy sequential", "[preflight]") {
  MigrationRequest r = request();
  r.strategy = Strategy::sequential;
  CHECK(refusal(good(), r).empty());  // a bare pod
  Facts f = good();
  f.pod["metadata"]["labels"] = {{"app", "consumer"}};
  f.pod["metadata"]["ownerReferences"] =
      Json::array({{{"kind", "StatefulSet"}, {"name", "consumer"}, {"controller", true}}});
  f.owner = Json::parse(
      R"({"metadata":{"name":"consumer","generation":1},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"consumer"}}},
    "status":{"observedGeneration":1,"replicas":1,"updatedReplicas":1,"readyReplicas":1}})");
  const Facts set = f;
  CHECK(refusal(set, r).empty());
  (*f.owner)["spec"]["replicas"] = 3;
  for (const char* count : {"replicas", "updatedReplicas", "readyReplicas"}) (*f.owner)["status"][count] = 3;
  CHECK_THAT(refusal(f, r), Contains("takes consumer-2 and not consumer-0"));
  f = set;
  (*f.owner)["spec"]["ordinals"] = {{"start", 5}};
  CHECK_THAT(refusal(f, r), Contains("takes consumer-5 and not consumer-0"));
  f = set;
  (*f.owner)["status"]["readyReplicas"] = 0;
  CHECK_THAT(refusal(f, r), Contains("a replica that is not ready"));
  f = set;
  (*f.owner)["spec"]["persistentVolumeClaimRetentionPolicy"] = {{"whenScaled", "Delete"}};
  CHECK(refusal(f, r).empty());
  (*f.owner)["spec"]["volumeClaimTemplates"] = Json::array({Json::object()});
  CHECK_THAT(refusal(f, r), Contains("deletes a pod's volume claims"));
  f = set;
  (*f.owner)["spec"]["selector"] = Json::parse(R"({"matchExpressions":[{"key":"other","operator":"DoesNotExist"}]})");
  CHECK_THAT(refusal(f, r), Contains("no single label decides"));
  r.target_name = "elsewhere";
  CHECK_THAT(refusal(set, r), Contains("under its own name"));
  r.target_name.clear();
  f = good();
  f.pod["metadata"]["labels"] = {{"pod-template-hash", "1"}};
  f.pod["metadata"]["ownerReferences"] =
      Json::array({{{"kind", "ReplicaSet"}, {"name", "web-1"}, {"controller", true}}});
  f.owner = Json::parse(R"({"metadata":{"name":"web-1"},"spec":{}})");
  CHECK_THAT(refusal(f, r), Contains("a ReplicaSet never gives to another pod"));
}

TEST_CASE("emptyDir volumes do not move", "[preflight]") {
  Facts f = good();
  f.pod["spec"]["volumes"] = Json::array({{{"name", "tmp"}, {"emptyDir", Json::object()}}});
  CHECK(refusal(f).empty());  // not mounted by the container that moves
  f.pod["spec"]["containers"][0]["volumeMounts"] = Json::array({{{"name", "tmp"}, {"mountPath", "/tmp"}}});
  CHECK_THAT(refusal(f), Contains("emptyDir volume tmp does not move and could not be looked into"));
  MigrationRequest r = request();
  r.accept_volume_loss = true;
  CHECK(refusal(f, r).empty());
  f.source.look.volumes["tmp"] = Content::data;
  CHECK_THAT(refusal(f), Contains("emptyDir volume tmp has files in it"));
  CHECK(refusal(f, r).empty());
  CHECK_THAT(warning(f, r), Contains("emptyDir volume tmp has files in it"));
  f.source.look.volumes["tmp"] = Content::empty;
  CHECK(refusal(f).empty());
  CHECK(warning(f).empty());
}

TEST_CASE("/dev/shm does not move", "[preflight]") {
  Facts f = good();
  f.source.look.shm = Content::unknown;
  CHECK(refusal(f).empty());
  CHECK_THAT(warning(f), Contains("/dev/shm of the container could not be looked into"));
  f.source.look.shm = Content::data;
  CHECK_THAT(refusal(f), Contains("/dev/shm has files in it"));
  MigrationRequest r = request();
  r.accept_volume_loss = true;
  CHECK(refusal(f, r).empty());
  // An emptyDir that is mounted there is looked at as what it is.
  f.pod["spec"]["volumes"] = Json::array({{{"name", "shm"}, {"emptyDir", {{"medium", "Memory"}}}}});
  f.pod["spec"]["containers"][0]["volumeMounts"] = Json::array({{{"name", "shm"}, {"mountPath", "/dev/shm"}}});
  f.source.look.volumes["shm"] = Content::empty;
  CHECK(refusal(f).empty());
}

TEST_CASE("claims and other volumes", "[preflight]") {
  Facts f = good();
  const auto claim = [](const char* mode) {
    return Json{{"metadata", {{"name", "data"}}},
                {"spec", {{"accessModes", {mode}}, {"volumeName", "pv-1"}}},
                {"status", {{"accessModes", {mode}}}}};
  };
  for (const char* mode : {"ReadWriteOnce", "ReadWriteOncePod"}) {
    f.claims = {claim(mode)};
    CHECK_THAT(refusal(f), Contains(std::string("claim data is ") + mode + ": source and target cannot both have it"));
  }
  f.claims = {claim("ReadWriteMany")};
  f.volumes = {Json::parse(R"({"metadata":{"name":"pv-1"},"spec":{"nodeAffinity":{"required":{"nodeSelectorTerms":[
    {"matchExpressions":[{"key":"kubernetes.io/hostname","operator":"In","values":["worker-1"]}]}]}}}})")};
  CHECK_THAT(refusal(f), Contains("volume pv-1 of claim data cannot be had on node worker-2"));
  (*f.target.object)["metadata"]["labels"]["kubernetes.io/hostname"] = "worker-1";
  CHECK(refusal(f).empty());
  f = good();
  f.unread_claims = {"data"};
  CHECK_THAT(refusal(f), Contains("you may not read claim data"));
  f = good();
  f.pod["spec"]["volumes"] = Json::array({{{"name", "host"}, {"hostPath", {{"path", "/srv"}}}}});
  CHECK_THAT(refusal(f), Contains("hostPath volume host (/srv)"));
  MigrationRequest r = request();
  r.allow_hostpath = true;
  CHECK(refusal(f, r).empty());
  f.pod["spec"]["volumes"] = Json::array({{{"name", "own"}, {"ephemeral", Json::object()}}});
  f.pod["spec"]["containers"][0]["volumeMounts"] = Json::array({{{"name", "own"}, {"mountPath", "/own"}}});
  CHECK_THAT(refusal(f), Contains("ephemeral volume own belongs to this pod alone"));
  r.accept_volume_loss = true;
  CHECK(refusal(f, r).empty());
  r.strategy = Strategy::sequential;
  CHECK_THAT(refusal(f, r), Contains("ephemeral volume own is tied to this very pod"));
}

TEST_CASE("a processor that lacks something", "[preflight]") {
  Facts f = good();
  f.target.look.features = {"fpu", "vme"};
  CHECK_THAT(refusal(f),
             Contains("the processor of worker-2 lacks features of worker-1 that the process may be using: avx2"));
  f.target.look.features = {"avx2", "fpu"};
  CHECK(refusal(f).empty());
  CHECK_THAT(warning(f), Contains("of use to the kernel alone: vme"));
  f.target.look.features = {"avx2", "avx512f", "fpu", "vme"};
  CHECK(warning(f).empty());
  f.target.look.features.clear();
  CHECK_THAT(warning(f), Contains("could not be compared"));
  // arm64's list is of what programs may use
  f.source.look.features = {"asimd", "fp", "sve"};
  f.target.look.features = {"asimd", "fp"};
  CHECK_THAT(refusal(f), Contains("sve"));
}

TEST_CASE("what could not be checked is said", "[preflight]") {
  Facts f = good();
  f.unchecked = {{"you may not list pods", "grant it"}};
  CHECK(refusal(f).empty());
  CHECK(warning(f) == "you may not list pods");
}

TEST_CASE("the others of several containers start afresh", "[preflight]") {
  Facts f = good();
  f.pod["spec"]["containers"].push_back({{"name", "log"}, {"image", "i"}});
  f.pod["spec"]["initContainers"] = Json::array({{{"name", "init"}}, {{"name", "proxy"}, {"restartPolicy", "Always"}}});
  CHECK(warning(f) == "only container consumer moves with its state; proxy, log start afresh on worker-2");
}

TEST_CASE("the queue", "[preflight]") {
  Facts f = good();
  f.depth.reset();
  CHECK_THAT(refusal(f), Contains("queue app.events does not exist"));
  f.depth = QueueDepth{0, 0};
  CHECK_THAT(refusal(f), Contains("nobody consumes"));
  f.depth = QueueDepth{0, 2};
  CHECK_THAT(refusal(f), Contains("has 2 consumers"));
  f = good();
  f.queue->type = "stream";
  CHECK_THAT(refusal(f), Contains("stream"));
  f = good();
  f.queue->consumers = {{"ctag", "c", "h", false, false, true, 0}};
  CHECK_THAT(refusal(f), Contains("automatic acknowledgement"));
  f = good();
  f.alarms = {"disk on rabbit@x"};
  CHECK_THAT(refusal(f), Contains("alarm"));
}

TEST_CASE("policies that act on ms2m's own queues", "[preflight]") {
  MigrationRequest shadow = request(), handoff = request(), none = request();
  shadow.strategy = Strategy::shadow;
  handoff.strategy = none.strategy = Strategy::handoff;
  none.protocol = Protocol::none;
  Facts f = good();
  for (const char* key : {"message-ttl", "expires", "max-length", "max-length-bytes"}) {
    f.policy_on_ours = Json{{key, 5000}};
    CHECK_THAT(refusal(f, shadow), Contains(std::string("sets ") + key + " = 5000"));
    CHECK_THAT(refusal(f, none), !Contains("policy"));
    f.policy_on_ours = Json{{key, 1'000'000'000}};
    CHECK(refusal(f, shadow).empty());
  }
  f.policy_on_ours = Json{{"max-length", 5000}};
  CHECK(refusal(f, handoff).empty());
  f.policy_on_ours = Json{{"expires", 5000}};
  CHECK_THAT(refusal(f, handoff), Contains("sets expires = 5000"));
  f.policy_on_ours = Json{{"dead-letter-exchange", "dead"}};
  CHECK_THAT(warning(f, shadow), Contains("dead-lettered twice"));
  f.policy_on_ours.reset();
  CHECK_THAT(warning(f, shadow), Contains("may not be read"));
  CHECK(warning(f, handoff).empty());
}

TEST_CASE("what a queue does with messages besides keeping them", "[preflight]") {
  MigrationRequest shadow = request(), handoff = request();
  shadow.strategy = Strategy::shadow;
  handoff.strategy = Strategy::handoff;
  Facts f = good();
  f.queue->arguments = {{"x-dead-letter-exchange", "dead"}};
  CHECK_THAT(warning(f, shadow), Contains("dead-letter"));
  CHECK(warning(f, handoff).empty());
  f = good();
  f.queue->policy = {{"dead-letter-exchange", "dead"}};
  CHECK_THAT(warning(f, shadow), Contains("dead-letter"));
  f = good();
  f.queue->arguments = {{"x-message-ttl", 30000}};
  CHECK_THAT(warning(f, shadow), Contains("expire after 30000 ms"));
  f.queue->policy = {{"message-ttl", 20000}};
  CHECK_THAT(warning(f, handoff), Contains("expire after 20000 ms"));
  f = good();
  f.queue->arguments = {{"x-max-length", 100}};
  CHECK_THAT(warning(f, handoff), Contains("max-length 100"));
  f = good();
  f.queue->arguments = {{"x-expires", 30000}};
  CHECK_THAT(refusal(f, shadow), Contains("deleted when nobody has consumed it"));
  CHECK_THAT(refusal(f, handoff), Contains("deleted when nobody has consumed it for 30000 ms"));
  f = good();
  f.queue->arguments = {{"x-delivery-limit", 2}};
  CHECK(refusal(f, shadow).empty());  // no meaning on a classic queue
  f.queue->type = "quorum";
  CHECK_THAT(refusal(f, shadow), Contains("delivery limit of 2"));
  f.queue->arguments = {{"x-delivery-limit", 3}};
  CHECK(refusal(f, handoff).empty());
  f.queue->arguments = {{"x-delivery-limit", -1}};
  CHECK(refusal(f, shadow).empty());
  f.queue->policy = {{"delivery-limit", 1}};
  CHECK_THAT(refusal(f, shadow), Contains("delivery limit of 1"));
}

TEST_CASE("a consumer that nobody else may join", "[preflight]") {
  Facts f = good();
  f.queue->consumers = {QueueConsumer{}};
  CHECK(refusal(f).empty());
  f.queue->consumers[0].exclusive = true;
  CHECK_THAT(refusal(f), Contains("is an exclusive one"));
}

TEST_CASE("the control queue must be there for those who are told by it", "[preflight]") {
  Facts f = good();
  f.source_control.reset();
  CHECK_THAT(refusal(f), Contains("there is no queue ms2m.control.consumer-0"));
  MigrationRequest r = request();
  r.protocol = Protocol::none;
  r.strategy = Strategy::handoff;
  CHECK(refusal(f, r).empty());
  r = request();
  r.replay = Replay::fanout;
  CHECK(refusal(f, r).empty());
}

TEST_CASE("a consumer without the control protocol", "[preflight]") {
  MigrationRequest r = request();
  r.protocol = Protocol::none;
  CHECK(refusal(good(), r).empty());
  Facts f = good();
  f.admin_version.reset();
  f.queue.reset();
  CHECK_THAT(refusal(f, r), Contains("management API"));
  f = good();
  f.queue->type = "quorum";
  CHECK_THAT(refusal(f, r), Contains("quorum"));
  f = good();
  f.queue->arguments["x-single-active-consumer"] = true;
  CHECK_THAT(refusal(f, r), Contains("single active consumer"));
  f = good();
  f.depth = QueueDepth{151, 1};
  CHECK_THAT(refusal(f, r), Contains("151 messages wait"));
  r.allow_reorder = true;
  CHECK(refusal(f, r).empty());
  f.depth = QueueDepth{0, 2};
  r.allow_competing = true;
  CHECK_THAT(refusal(f, r), Contains("has 2 consumers"));
  f = good();
  f.queue->consumers = {{"ctag", "c", "h", false, false, true, 0}};
  CHECK_THAT(refusal(f, r), Contains("automatic acknowledgement"));
  f = good();
  f.owner = Json::parse(
      R"({"metadata":{"name":"consumer","generation":1},"spec":{"replicas":1},"status":{"observedGeneration":1,"replicas":1,"updatedReplicas":1}})");
  f.pod["metadata"]["ownerReferences"] = Json::parse(R"([{"kind":"StatefulSet","name":"consumer","controller":true}])");
  CHECK_THAT(refusal(f, r), Contains("StatefulSet"));
}

TEST_CASE("a second migration of the same pod", "[preflight]") {
  Facts f = good();
  f.lease = Json::parse(
      R"({"metadata":{"name":"ms2m-consumer-0","annotations":{"ms2m.io/phase":"Transferring"}},"spec":{"holderIdentity":"root@ops pid 7"}})");
  f.depth = QueueDepth{3, 0};  // its source is quiet
  CHECK_THAT(refusal(f), Contains("root@ops pid 7, phase Transferring"));
  f.depth = QueueDepth{3, 1};
  MigrationRequest r = request();
  r.take_over_lease = true;
  CHECK(refusal(f, r).empty());
}

TEST_CASE("shadow of a StatefulSet's pod needs the target twice", "[preflight]") {
  Facts f = good();
  f.pod["metadata"]["ownerReferences"] =
      Json::array({{{"kind", "StatefulSet"}, {"name", "consumer"}, {"uid", "s"}, {"controller", true}}});
  f.owner = Json::parse(
      R"({"metadata":{"name":"consumer","generation":1},"spec":{"replicas":1},"status":{"observedGeneration":1,"replicas":1,"updatedReplicas":1}})");
  MigrationRequest handoff = request(), shadow = request();
  handoff.strategy = Strategy::handoff;
  CHECK(refusal(f, shadow).empty());

  f.pod["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "600m";
  (*f.target.object)["status"]["allocatable"] = {{"cpu", "1"}};
  CHECK(refusal(f, handoff).empty());
  CHECK_THAT(refusal(f, shadow), Contains("room for two such pods"));
  (*f.target.object)["status"]["allocatable"] = {{"cpu", "2"}};
  CHECK(refusal(f, shadow).empty());

  f.target_gate = false;
  CHECK(refusal(f, handoff).empty());
  CHECK_THAT(refusal(f, shadow), Contains("worker-2 has checkpoints switched off"));
  f.target_gate = true;
  f.pod["spec"]["containers"][0]["ports"] = Json::array({{{"containerPort", 80}, {"hostPort", 8080}}});
  CHECK(refusal(f, handoff).empty());
  CHECK_THAT(refusal(f, shadow), Contains("host port 8080"));
}
