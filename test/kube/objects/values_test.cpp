// What others are told of objects, and what is sent of them.
#include "kube/objects/container.hpp"
#include "kube/objects/container_env.hpp"
#include "kube/objects/controllers.hpp"
#include "kube/objects/lease.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/network_init.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/patches.hpp"
#include "kube/objects/placement.hpp"
#include "kube/objects/pod_spec.hpp"
#include "kube/objects/pod_state.hpp"
#include "kube/objects/scalers.hpp"
#include "kube/objects/selector.hpp"
#include "kube/objects/travel.hpp"
#include "kube/objects/volumes.hpp"
#include "ms2m/error.hpp"
#include "support/catch.hpp"

using namespace ms2m;

TEST_CASE("an object that says nothing is no error", "[values]") {
  for (const Json& nothing : {Json(), Json::object(), Json{{"metadata", nullptr}, {"spec", nullptr}}}) {
    CHECK(name_of(nothing).empty());
    CHECK(pod_node(nothing).empty());
    CHECK(labels_of(nothing).empty());
    CHECK_FALSE(controller_of(nothing));
    CHECK(pod_phase(nothing) == "Pending");
    CHECK_FALSE(container_in(nothing, "c"));
    CHECK_FALSE(container_state(nothing, "c"));
    CHECK(volumes_of(nothing).empty());
  }
}

TEST_CASE("a value of another type is as one that is not there", "[values]") {
  const Json odd = Json::parse(R"({"metadata":{"name":1,"finalizers":[1,"f"]},"spec":{"hostname":[],
    "scaleTargetRef":{"kind":1,"apiVersion":{}},"nodeSelector":{"a":1},"tolerations":[1,{"operator":2}],
    "accessModes":[null,"ReadWriteOnce"]},"securityContext":[],"matchLabels":1,"matchExpressions":[1],"status":[]})");
  CHECK(finalizers_of(odd) == std::vector<std::string>{"f"});
  CHECK(parse_autoscaler(odd).target.kind == "Deployment");
  CHECK(demands_of(odd).selector == Labels{{"a", "1"}});
  CHECK(demands_of(odd).tolerations.size() == 2);
  CHECK(parse_claim(odd).access_modes == std::vector<std::string>{"ReadWriteOnce"});
  CHECK_FALSE(sets_up_network(odd));
  CHECK(selects(odd, {}));
  CHECK(travels("a", "b", odd));
  CHECK_FALSE(secret_value({{"data", {{"password", 1}}}}, "password"));
  CHECK(name_of(renamed({{"metadata", 1}}, "b")) == "b");
  CHECK(without_status({{"metadata", {1}}}) == Json{{"metadata", {1}}});
  CHECK_THROWS_AS(pod_hostname(odd), Error);
  CHECK_THROWS_AS(target_pod_name(odd, "abc234"), Error);
  CHECK_THROWS_AS(make_target_pod(odd, {"b", "worker-2", "c", "i", "abc234", {}}), Error);
}

TEST_CASE("variables that refer to one another come to an end", "[values]") {
  const auto last_of = [](int count, const std::string& first, const std::string& other) {
    Json env = Json::array({{{"name", "V0"}, {"value", first}}});
    for (int i = 1; i <= count; ++i) {
      const std::string before = "$(V" + std::to_string(i - 1) + ")";
      env.push_back({{"name", "V" + std::to_string(i)}, {"value", before + (other.empty() ? "" : before)}});
    }
    const Json pod{{"spec", {{"containers", {{{"name", "c"}, {"env", env}}}}}}};
    return ContainerEnv(pod, "c", {}).get("V" + std::to_string(count));
  };
  CHECK(last_of(3, "a", "twice") == "aaaaaaaa");
  CHECK(last_of(60, "", "twice") == "");  // each is looked up once
  CHECK_THROWS_AS(last_of(60, "a", "twice"), Error);
  CHECK_THROWS_AS(last_of(100'000, "a", ""), Error);
  const Json odd{{"spec",
                  {{"containers",
                    {{{"name", "c"},
                      {"env", {{{"name", "A"}, {"valueFrom", {{"fieldRef", {{"fieldPath", "metadata.a~b"}}}}}}}}}}}}}};
  CHECK_FALSE(ContainerEnv(odd, "c", {}).get("A"));
}

TEST_CASE("a container's state", "[values]") {
  const Json pod = Json::parse(R"({"status":{"containerStatuses":[
    {"name":"a","containerID":"cri-o://1","image":"i","imageID":"i@sha256:1","restartCount":1,"state":{"running":{}},
     "lastState":{"terminated":{"exitCode":137}}},
    {"name":"b","state":{"waiting":{"reason":"ErrImageNeverPull","message":"not there"}}},
    {"name":"c","state":{"terminated":{"exitCode":0}}},
    {"name":"d","state":{"terminated":{"exitCode":137,"reason":"ContainerStatusUnknown"}}}],
    "initContainerStatuses":[{"name":"e","containerID":"cri-o://2","state":{"running":{}}}]}})");
  const auto a = container_state(pod, "a"), b = container_state(pod, "b"), c = container_state(pod, "c");
  REQUIRE((a && b && c));
  CHECK(a->running);
  CHECK(a->image_id == "i@sha256:1");
  CHECK(a->last_exit == 137);
  CHECK_FALSE(a->exit_code);
  CHECK(b->waiting == "ErrImageNeverPull");
  CHECK(b->message == "not there");
  CHECK(c->exit_code == 0);
  CHECK(instance_in(pod, "a") == "cri-o://1 1");
  CHECK(ever_started(pod, "a"));
  CHECK_FALSE(ever_started(pod, "b"));
  CHECK(ever_started(pod, "c"));
  CHECK_FALSE(ever_started(pod, "d"));
  CHECK(running_containers(pod) == std::vector<std::string>{"cri-o://1", "cri-o://2"});
}

TEST_CASE("a state that is null is none", "[values]") {
  const Json pod = Json::parse(R"({"status":{"containerStatuses":[
    {"name":"a","state":{"running":null,"terminated":null,"waiting":{"reason":"ErrImageNeverPull"}},
     "lastState":{"terminated":null}},
    {"name":"b","state":{"running":{},"terminated":null},"lastState":null}]}})");
  const auto a = container_state(pod, "a"), b = container_state(pod, "b");
  REQUIRE((a && b));
  CHECK_FALSE(a->running);
  CHECK(a->waiting == "ErrImageNeverPull");
  for (const auto& each : {a, b}) {
    CHECK_FALSE(each->exit_code);
    CHECK_FALSE(each->last_exit);
  }
  CHECK(b->running);
  CHECK(ever_started(pod, "b"));
}

TEST_CASE("who owns an object", "[values]") {
  const Json pod = Json::parse(R"({"metadata":{"ownerReferences":[{"kind":"Other","name":"o","uid":"1"},
    {"kind":"StatefulSet","name":"s","uid":"2","controller":true}]}})");
  REQUIRE(controller_of(pod));
  CHECK(controller_of(pod)->name == "s");
  CHECK(in_a_set(pod));
  CHECK(is_owned_by(pod, "1"));
  CHECK_FALSE(is_owned_by(pod, "3"));
}

TEST_CASE("a set that is created anew, and its number of replicas", "[values]") {
  const Json set = Json::parse(R"({"metadata":{"name":"s","namespace":"n","uid":"1","generation":3,"finalizers":["x"]},
    "spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}}},"status":{"observedGeneration":3,"replicas":2,
    "updatedReplicas":2,"readyReplicas":1}})");
  CHECK(as_new(set) == Json::parse(R"({"metadata":{"name":"s","namespace":"n"},
    "spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}}}})"));
  const Controller controller = parse_controller(set);
  CHECK((controller.replicas == 2 && controller.ready == 1 && !controller.rolling));
  CHECK(controller.document == set);
  CHECK(is_observed(set));
  CHECK(replicas_patch("1", 1) == Json::parse(R"({"metadata":{"uid":"1"},"spec":{"replicas":1}})"));
}

TEST_CASE("the lease and its holder", "[values]") {
  const Lease lease{"", "m7k2q9", "root@host pid 17", "Preparing"};
  Json object = make_lease("n", "ms2m-p", lease, "2026-11-28T12:00:00.000000Z");
  CHECK(ref_of(Kind::lease, object).name == "ms2m-p");
  CHECK(to_string(parse_lease(object)) == "root@host pid 17, phase Preparing");
  object.merge_patch(lease_phase_patch("Restoring"));
  const Lease read = parse_lease(object);
  CHECK(read.migration == "m7k2q9");
  CHECK(to_string(read) == "root@host pid 17, phase Restoring");
}

TEST_CASE("what adoption changes, in one patch", "[values]") {
  Json pod = Json::parse(R"({"metadata":{"name":"p","labels":{"app":"a"}},"spec":{}})");
  CHECK(deletion_cost_of(pod).is_null());
  pod.merge_patch(adoption_patch("5d4f"));
  CHECK(template_hash_of(pod) == "5d4f");
  CHECK(deletion_cost_of(pod) == kHighestCost);
  pod.merge_patch(deletion_cost_patch(nullptr));
  CHECK(deletion_cost_of(pod).is_null());
  CHECK(labels_of(without_label(pod, kTemplateHash)) == Labels{{"app", "a"}});
  CHECK(pod_node(bound_to(pod, "worker-1")) == "worker-1");
}
