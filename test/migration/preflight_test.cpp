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
  f.pod = Json::parse(R"({"metadata":{"name":"consumer-0","uid":"u"},"spec":{"nodeName":"worker-1","containers":[{"name":"consumer","image":"i"}]},
    "status":{"phase":"Running","containerStatuses":[{"name":"consumer","state":{"running":{}}}]}})");
  f.container = "consumer";
  f.base_image = "i";
  f.source.object = node("worker-1");
  f.target.object = node("worker-2");
  f.source.image = f.target.image = StoredImage{"abcdef0123456789", {"i"}};
  f.checkpoint_gate = true;
  f.depth = QueueDepth{3, 1};
  f.admin_version = "3.10.8";
  f.queue = QueueFacts{};
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

using Catch::Contains;

}  // namespace

TEST_CASE("nothing speaks against a good migration", "[preflight]") { CHECK(refusal(good()).empty()); }

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
  f.checkpoint_gate = false;
  CHECK_THAT(refusal(f), Contains("checkpoints switched off"));
}

TEST_CASE("volumes that do not move", "[preflight]") {
  Facts f = good();
  f.pod["spec"]["volumes"] = Json::array({{{"name", "tmp"}, {"emptyDir", Json::object()}}});
  CHECK(refusal(f).empty());  // not mounted by the container that moves
  f.pod["spec"]["containers"][0]["volumeMounts"] = Json::array({{{"name", "tmp"}, {"mountPath", "/tmp"}}});
  CHECK_THAT(refusal(f), Contains("emptyDir volume tmp does not move"));
  MigrationRequest r = request();
  r.accept_volume_loss = true;
  CHECK(refusal(f, r).empty());
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

TEST_CASE("a second migration of the same pod", "[preflight]") {
  Facts f = good();
  f.lease = Json::parse(R"({"metadata":{"name":"ms2m-consumer-0","annotations":{"ms2m.io/phase":"Transferring"}},"spec":{"holderIdentity":"root@ops pid 7"}})");
  CHECK_THAT(refusal(f), Contains("root@ops pid 7, phase Transferring"));
  MigrationRequest r = request();
  r.take_over_lease = true;
  CHECK(refusal(f, r).empty());
}
