// What of pods, nodes and rights speaks against a migration.
#include "plan/pages.hpp"
#include "support/preflight_facts.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;

TEST_CASE("nothing speaks against a good migration", "[preflight]") {
  CHECK(refusal(good()).empty());
  CHECK(warning(good()).empty());
}

TEST_CASE("missing rights are named beside what was found", "[preflight]") {
  Facts f = good();
  f.missing_rights = {{"create", "", "nodes", "proxy", "", "worker-1"}};
  CHECK_THAT(refusal(f), Contains("create nodes/proxy"));
  CHECK(findings(f, request()).size() == findings(good(), request()).size());
}

TEST_CASE("nodes", "[preflight]") {
  Facts f = good();
  f.target.node.reset();
  CHECK_THAT(refusal(f), Contains("node worker-2 does not exist"));
  MigrationRequest r = request();
  r.target_node = "worker-1";
  CHECK_THAT(refusal(good(), r), Contains("already"));
  f = good();
  f.target.access = Trouble{"Permission denied", "add the key"};
  CHECK_THAT(refusal(f), Contains("cannot work on node worker-2: Permission denied"));
  f = good();
  f.target.node->architecture = "arm64";
  CHECK_THAT(refusal(f), Contains("amd64, the target node is arm64"));
}

TEST_CASE("a bandwidth at which the checkpoint does not arrive in time", "[preflight]") {
  Facts f = good();
  f.source.look.memory = Bytes{100'000'000};
  MigrationRequest r = request();
  r.bandwidth = Bytes{1'000'000};
  CHECK(warning(f, r).empty());
  r.timeouts.transfer = Seconds(99);
  CHECK(refusal(f, r).empty());  // shared memory counts once for each process
  CHECK_THAT(warning(f, r),
             Contains("about 100.0 MB takes 100.0 s at 1.0 MB a second, longer than the transfer's limit"));
  f.source.look.memory = Bytes{0};  // not known
  CHECK(warning(f, r).empty());
}

TEST_CASE("--pages auto is from memory to memory where that pays and can be", "[preflight]") {
  Facts f = good();
  f.procedure.course = Course::handoff;
  f.procedure.restoring = Restoring::handler;
  f.procedure.checkpoint = CheckpointBy::runtime;
  f.source.look.memory = Bytes{1 << 30};
  MigrationRequest r = request();
  r.strategy = Strategy::handoff;
  CHECK(chosen_pages(f, r) == Pages::stream);
  SECTION("small") {
    f.source.look.memory = Bytes{20 << 20};
    CHECK(chosen_pages(f, r) == Pages::files);
  }
  SECTION("of unknown size") {
    f.source.look.memory = Bytes{};
    CHECK(chosen_pages(f, r) == Pages::files);
  }
  SECTION("most of it shared") {
    f.source.look.shared_memory = Bytes{900 << 20};
    CHECK(chosen_pages(f, r) == Pages::files);
  }
  SECTION("two CRIUs") {
    f.target.tools.criu = "4.0";
    CHECK(chosen_pages(f, r) == Pages::files);
  }
  SECTION("one that is not known") {
    f.source.tools.criu = f.target.tools.criu = "";
    CHECK(chosen_pages(f, r) == Pages::files);
  }
  SECTION("the kubelet's checkpoint") {
    f.procedure.checkpoint = CheckpointBy::kubelet;
    CHECK(chosen_pages(f, r) == Pages::files);
  }
  SECTION("through a registry") {
    r.carriage = Carriage::registry;
    CHECK(chosen_pages(f, r) == Pages::files);
  }
  SECTION("rounds were asked for") {
    r.precopy = 2;
    CHECK(chosen_pages(f, r) == Pages::files);
  }
  SECTION("longer than its kubelet waits") {
    f.source.look.memory = Bytes{32ull << 30};
    CHECK(chosen_pages(f, r) == Pages::files);
  }
  SECTION("the source serves on") {
    f.procedure.course = Course::shadow;
    CHECK(chosen_pages(f, r) == Pages::files);
  }
}

TEST_CASE("memory that goes from memory to memory, where it can", "[preflight]") {
  Facts f = good();
  f.procedure.restoring = Restoring::handler;
  f.source.look.memory = Bytes{1 << 30};
  MigrationRequest r = request();
  r.strategy = Strategy::handoff;
  r.checkpoint = CheckpointBy::runtime;
  r.pages = Pages::stream;
  CHECK(refusal(f, r).empty());
  SECTION("an image is one whole") {
    f.procedure.restoring = Restoring::image;
    CHECK_THAT(refusal(f, r), Contains("no archive that can be restored from an image"));
  }
  SECTION("two CRIUs") {
    f.target.tools.criu = "4.0";
    CHECK_THAT(refusal(f, r), Contains("CRIU is 4.3 on the source's node and 4.0 on the target"));
  }
  SECTION("it knows no control queue") {
    r.protocol = Protocol::none;
    CHECK_THAT(refusal(f, r), Contains("--pages stream is for a source that knows the control protocol"));
  }
  SECTION("longer than its kubelet waits") {
    f.source.look.memory = Bytes{32ull << 30};
    CHECK_THAT(refusal(f, r), Contains("its kubelet waits no longer than"));
    r.pages = Pages::lazy;  // its `create` does not
    CHECK(refusal(f, r).empty());
  }
  SECTION("longer than its liveness probe waits") {
    f.pod["spec"]["containers"][0]["livenessProbe"] = {{"periodSeconds", 10}, {"failureThreshold", 3}};
    CHECK(refusal(f, r).empty());
    r.bandwidth = Bytes{20'000'000};
    CHECK_THAT(refusal(f, r), Contains("stands still for about 53.7 s, until its memory is over there"));
  }
  SECTION("as slowly as it may") {
    r.bandwidth = Bytes{20'000'000};
    r.timeouts.restore = Seconds(50);
    CHECK(refusal(f, r).empty());
    CHECK_THAT(warning(f, r), Contains("longer than the restore's limit of 50 s"));
    r.bandwidth = Bytes{2'000'000};
    CHECK_THAT(refusal(f, r), Contains("would come for about 537 s"));
  }
}

TEST_CASE("nodes that are to reach each other", "[preflight]") {
  Facts f = good();
  MigrationRequest r = request();
  const auto told = [&] {
    for (const Finding& each : findings(f, r))
      if (each.check == "ssh-path") return each;
    return Finding{"none", Level::ok, "", ""};
  };
  r.carriage = Carriage::direct;
  CHECK(told().check == "none");  // they could not be asked
  f.direct = Obstacle{""};
  CHECK(told().level == Level::ok);
  CHECK_THAT(told().text, Contains("node worker-1 reaches node worker-2"));
  f.direct = Obstacle{"connecting to 198.18.0.12:4711: no answer within 3 s"};
  CHECK(refusal(f, r).empty());
  CHECK(told().level == Level::warning);
  CHECK_THAT(told().text, Contains("through ms2m") && Contains("node worker-1 does not reach node worker-2") &&
                              Contains("198.18.0.12:4711: no answer within 3 s"));
}

TEST_CASE("a registry that the checkpoint is to go through", "[preflight][registry]") {
  Facts f = good();
  const MigrationRequest r = request();
  const auto told = [&] {
    for (const Finding& each : findings(f, r))
      if (each.check == "registry") return each;
    return Finding{"none", Level::ok, "", ""};
  };
  CHECK(told().check == "none");  // it is not asked for
  f.registry = RegistryFacts{};
  CHECK(told().level == Level::refusal);
  CHECK_THAT(told().cure, Contains("--registry HOST[:PORT]/REPOSITORY"));
  f.registry->name = "registry.example:5000/ms2m:ms2m-";
  CHECK(told().level == Level::ok);
  CHECK_THAT(told().text, Contains("through registry registry.example:5000/ms2m: node worker-1 may push there and "
                                   "delete, node worker-2 pull"));
  f.registry->deletes = false;
  CHECK(told().level == Level::warning);
  CHECK_THAT(told().text, Contains("will stay in registry registry.example:5000/ms2m"));
  CHECK_THAT(told().cure, Contains("storage.delete.enabled") && Contains("ms2m-ID"));
  f.registry->target =
      Trouble{"node worker-2 does not reach registry registry.example:5000", "see that nodes reach it"};
  CHECK(told().level == Level::refusal);
  CHECK(told().cure == "see that nodes reach it");
  f.target.access = Trouble{"ssh", ""};
  CHECK(told().check == "none");  // it could not be asked
}

TEST_CASE("required anti-affinity between nodes", "[preflight]") {
  Facts f = good();
  f.pod["spec"]["affinity"] = Json::parse(R"({"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[
    {"topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"app":"consumer"}}}]}})");
  f.target_node_pods = {parse_occupant(Json::parse(
      R"({"metadata":{"name":"consumer-1","namespace":"default","labels":{"app":"other"}},"spec":{"containers":[]}})"))};
  CHECK(refusal(f).empty());
  f.target_node_pods[0].labels["app"] = "consumer";
  CHECK_THAT(refusal(f), Contains("anti-affinity forbids a node with pod consumer-1"));
  f.target_node_pods[0].ns = "elsewhere";
  CHECK(refusal(f).empty());
}

TEST_CASE("the base image must be there under the same ID", "[preflight]") {
  Facts f = good();
  f.target.image.reset();
  CHECK_THAT(refusal(f), Contains("is not on node worker-2 under the same ID"));
  f.target.image = StoredImage{"ffff", {"i"}};
  CHECK_THAT(refusal(f), Contains("under the same ID"));
}

TEST_CASE("by the handler the pod's own name for its image must lead to the same one", "[preflight]") {
  Facts f = good();
  f.procedure.restoring = Restoring::handler;
  f.target.named = f.target.image;
  CHECK(refusal(f).empty());
  f.target.named = StoredImage{"ffff", {"i"}};
  CHECK_THAT(refusal(f), Contains("is another one on node worker-2 (ID ffff)"));
  f.target.named.reset();  // it will be pulled
  CHECK(refusal(f).empty());
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
  f.disruption_budgets = {parse_budget(Json::parse(
      R"({"metadata":{"name":"b"},"spec":{"selector":{"matchLabels":{"app":"consumer"}}},"status":{"disruptionsAllowed":0}})"))};
  CHECK(refusal(f).empty());  // [case-20] has the rest
  CHECK_THAT(warning(f), Contains("PodDisruptionBudget b allows no disruption"));
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
  f.owner = parse_controller(Json::parse(
      R"({"metadata":{"name":"consumer","generation":1},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"consumer"}}},
    "status":{"observedGeneration":1,"replicas":1,"updatedReplicas":1,"readyReplicas":1}})"));
  MigrationRequest r = request();
  r.strategy = Strategy::handoff;
  CHECK(refusal(f, r).empty());
  CHECK(warning(f, r).empty());
  f.owner->marks = {"argocd.argoproj.io/tracking-id"};
  CHECK_THAT(warning(f, r), Contains("statefulset consumer is deployed by Argo CD"));
  f.owner->finalizers = {"example.com/wait"};
  CHECK_THAT(refusal(f, r), Contains("statefulset consumer has the finalizer example.com/wait"));
  r.strategy = Strategy::sequential;
  CHECK(refusal(f, r).empty());
}

TEST_CASE("strategy sequential", "[preflight]") {
  MigrationRequest r = request();
  r.strategy = Strategy::sequential;
  CHECK(refusal(good(), r).empty());  // a bare pod
  Facts f = good();
  f.pod["metadata"]["labels"] = {{"app", "consumer"}};
  f.pod["metadata"]["ownerReferences"] =
      Json::array({{{"kind", "StatefulSet"}, {"name", "consumer"}, {"controller", true}}});
  f.owner = parse_controller(Json::parse(
      R"({"metadata":{"name":"consumer","generation":1},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"consumer"}}},
    "status":{"observedGeneration":1,"replicas":1,"updatedReplicas":1,"readyReplicas":1}})"));
  const Facts set = f;
  CHECK(refusal(set, r).empty());
  f.owner->replicas = f.owner->ready = 3;
  CHECK_THAT(refusal(f, r), Contains("takes consumer-2 and not consumer-0"));
  f = set;
  f.owner->first_ordinal = 5;
  CHECK_THAT(refusal(f, r), Contains("takes consumer-5 and not consumer-0"));
  f = set;
  f.owner->ready = 0;
  CHECK_THAT(refusal(f, r), Contains("a replica that is not ready"));
  f = set;
  Json with_claims = f.owner->document;
  with_claims["spec"]["persistentVolumeClaimRetentionPolicy"] = {{"whenScaled", "Delete"}};
  f.owner = parse_controller(with_claims);
  CHECK(refusal(f, r).empty());
  with_claims["spec"]["volumeClaimTemplates"] = Json::array({Json::object()});
  f.owner = parse_controller(with_claims);
  CHECK_THAT(refusal(f, r), Contains("deletes a pod's volume claims"));
  f = set;
  f.owner->selector = Json::parse(R"({"matchExpressions":[{"key":"other","operator":"DoesNotExist"}]})");
  CHECK_THAT(refusal(f, r), Contains("no single label decides"));
  r.target_name = "elsewhere";
  CHECK_THAT(refusal(set, r), Contains("under its own name"));
  r.target_name.clear();
  f = good();
  f.pod["metadata"]["labels"] = {{"pod-template-hash", "1"}};
  f.pod["metadata"]["ownerReferences"] =
      Json::array({{{"kind", "ReplicaSet"}, {"name", "web-1"}, {"controller", true}}});
  f.owner = parse_controller(Json::parse(R"({"metadata":{"name":"web-1"},"spec":{}})"));
  CHECK_THAT(refusal(f, r), Contains("a ReplicaSet never gives to another pod"));
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
  f.unasked = {{Question::target_pods, false, {"you may not list pods", "grant it"}}};
  CHECK(refusal(f).empty());
  CHECK(warning(f) == "you may not list pods");
}

TEST_CASE("what could not be asked is not what is not there", "[preflight]") {
  Facts f = good();
  f.target.node.reset();
  f.unasked = {{Question::target_node, true, {"no answer", "wait"}}};
  CHECK(refusal(f) == "no answer");
  f = good();
  f.pod["metadata"]["ownerReferences"] = Json::array({{{"kind", "StatefulSet"}, {"name", "s"}, {"controller", true}}});
  f.unasked = {{Question::owner, true, {"no answer", "wait"}}};
  CHECK(refusal(f) == "no answer");
  f = good();
  f.depth.reset();
  f.source_control.reset();
  f.unasked = {{Question::broker, true, {"no answer", "wait"}}};
  CHECK(refusal(f) == "no answer");
  f = good();
  f.source_control.reset();
  f.unasked = {{Question::control_queue, true, {"no answer", "wait"}}};
  CHECK(refusal(f) == "no answer");
  f = good();
  f.checkpoint_gate.reset();
  f.unasked = {{Question::source_gate, true, {"no answer", "wait"}}};
  CHECK(warning(f).empty());
  f = good();
  f.unasked = {{Question::rights, true, {"no answer", "wait"}}};
  for (const Finding& finding : findings(f, request())) CHECK_FALSE((finding.check == "rights" && finding.asked));
}

TEST_CASE("the others of several containers start afresh", "[preflight]") {
  Facts f = good();
  f.pod["spec"]["containers"].push_back({{"name", "log"}, {"image", "i"}});
  f.pod["spec"]["initContainers"] = Json::array({{{"name", "init"}}, {{"name", "proxy"}, {"restartPolicy", "Always"}}});
  CHECK(warning(f) == "only container consumer moves with its state; proxy, log start afresh on worker-2");
}

TEST_CASE("a second migration of the same pod", "[preflight]") {
  Facts f = good();
  f.lease = parse_lease(Json::parse(
      R"({"metadata":{"name":"ms2m-consumer-0","annotations":{"ms2m.io/phase":"Transferring"}},"spec":{"holderIdentity":"root@ops pid 7"}})"));
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
  f.owner = parse_controller(Json::parse(
      R"({"metadata":{"name":"consumer","generation":1},"spec":{"replicas":1},"status":{"observedGeneration":1,"replicas":1,"updatedReplicas":1}})"));
  MigrationRequest handoff = request(), shadow = request();
  handoff.strategy = Strategy::handoff;
  CHECK(refusal(f, shadow).empty());

  f.pod["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "600m";
  f.target.node->allocatable["cpu"] = 1000;
  CHECK(refusal(f, handoff).empty());
  CHECK_THAT(refusal(f, shadow), Contains("room for two such pods"));
  f.target.node->allocatable["cpu"] = 2000;
  CHECK(refusal(f, shadow).empty());

  f.target_gate = false;
  CHECK(refusal(f, handoff).empty());
  CHECK_THAT(refusal(f, shadow), Contains("worker-2 has checkpoints switched off"));
  f.target_gate = true;
  f.pod["spec"]["containers"][0]["ports"] = Json::array({{{"containerPort", 80}, {"hostPort", 8080}}});
  CHECK(refusal(f, handoff).empty());
  CHECK_THAT(refusal(f, shadow), Contains("host port 8080"));
  MigrationRequest none = handoff;  // two halves, too
  none.protocol = Protocol::none;
  CHECK_THAT(refusal(f, none), Contains("--protocol none for a StatefulSet's pod") && Contains("host port 8080"));
}
