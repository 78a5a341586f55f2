// What of a pod's files and directories speaks against a migration.
#include "support/preflight_facts.hpp"

using namespace ms2m;
using namespace ms2m::test;
using Catch::Contains;

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
  f.pod["spec"]["containers"][0]["volumeMounts"].push_back({{"name", "share"}, {"mountPath", "/tmp/s/share"}});
  f.source.look.open_files = {"/tmp/s/share/journal"};
  CHECK(refusal(f, r).empty());  // of another volume
  f.source.look.open_files.insert("/tmp/s/zero");
  CHECK_THAT(refusal(f, r), Contains("file /tmp/s/zero of emptyDir volume scratch is open"));
  f.source.look.open_files = {"/dev/shm/sem.x"};
  CHECK_THAT(refusal(f, r), Contains("file /dev/shm/sem.x of /dev/shm is open"));
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
  f.pod["spec"]["volumes"] = Json::parse(R"([{"name":"data","emptyDir":{}}])");
  f.source.look.volumes = {{"data", Content::empty}};
  CHECK(refusal(f, r).empty());  // the copy gets another one anyway
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
    return parse_claim({{"metadata", {{"name", "data"}}},
                        {"spec", {{"accessModes", {mode}}, {"volumeName", "pv-1"}}},
                        {"status", {{"accessModes", {mode}}}}});
  };
  for (const char* mode : {"ReadWriteOnce", "ReadWriteOncePod"}) {
    f.claims = {claim(mode)};
    CHECK_THAT(refusal(f), Contains(std::string("claim data is ") + mode + ": source and target cannot both have it"));
  }
  f.claims = {claim("ReadWriteMany")};
  f.volumes = {parse_persistent_volume(
      Json::parse(R"({"metadata":{"name":"pv-1"},"spec":{"nodeAffinity":{"required":{"nodeSelectorTerms":[
    {"matchExpressions":[{"key":"kubernetes.io/hostname","operator":"In","values":["worker-1"]}]}]}}}})"))};
  CHECK_THAT(refusal(f), Contains("volume pv-1 of claim data cannot be had on node worker-2"));
  f.target.node->labels["kubernetes.io/hostname"] = "worker-1";
  CHECK(refusal(f).empty());
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
