#include "discovery.hpp"

#include <algorithm>
#include <set>

namespace ms2m::lab {

namespace {
// Of the cluster whose answers were recorded.
const char* const kVersion = R"({
  "major": "1",
  "minor": "36",
  "emulationMajor": "1",
  "emulationMinor": "36",
  "minCompatibilityMajor": "1",
  "minCompatibilityMinor": "35",
  "gitVersion": "v1.36.2",
  "gitCommit": "ms2mlab",
  "gitTreeState": "clean",
  "buildDate": "2026-07-01T00:00:00Z",
  "goVersion": "go1.26.10",
  "compiler": "gc",
  "platform": "linux/amd64"
})";

Json resource_entry(const std::string& name, const std::string& kind, bool namespaced, const Json& verbs) {
  return {{"name", name}, {"singularName", ""}, {"namespaced", namespaced}, {"kind", kind}, {"verbs", verbs}};
}

Json resource_list(const std::string& group_version) {
  const Json all = {"create", "delete", "get", "list", "patch", "update", "watch"};
  const Json status_verbs = {"get", "patch", "update"};
  Json resources = Json::array();
  for (const ResourceType& type : resource_types()) {
    if (type.api_version() != group_version) continue;
    resources.push_back(resource_entry(type.plural, type.kind, type.namespaced(), all));
    if (type.has_status)
      resources.push_back(resource_entry(type.plural + "/status", type.kind, type.namespaced(), status_verbs));
    if (type.has_scale) resources.push_back(resource_entry(type.plural + "/scale", "Scale", true, status_verbs));
  }
  if (group_version == "v1") {
    resources.push_back(
        resource_entry("nodes/proxy", "NodeProxyOptions", false, {"create", "delete", "get", "patch", "update"}));
    resources.push_back(resource_entry("pods/log", "Pod", true, Json::array({"get"})));
    resources.push_back(resource_entry("pods/eviction", "Eviction", true, Json::array({"create"})));
  }
  if (group_version == "authorization.k8s.io/v1")
    for (const char* kind : {"SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview"}) {
      std::string name = std::string(kind) + "s";
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      resources.push_back(resource_entry(name, kind, false, Json::array({"create"})));
    }
  return {{"kind", "APIResourceList"}, {"apiVersion", "v1"}, {"groupVersion", group_version}, {"resources", resources}};
}

Json group_list() {
  std::set<std::pair<std::string, std::string>> groups{{"authorization.k8s.io", "v1"}, {"authentication.k8s.io", "v1"}};
  for (const ResourceType& type : resource_types())
    if (!type.group.empty()) groups.emplace(type.group, type.version);
  Json list = Json::array();
  for (const auto& [group, version] : groups) {
    const Json entry{{"groupVersion", group + "/" + version}, {"version", version}};
    list.push_back({{"name", group}, {"versions", Json::array({entry})}, {"preferredVersion", entry}});
  }
  return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", list}};
}

Answer plain(const std::string& body) {
  Answer answer;
  answer.content_type = "text/plain; charset=utf-8";
  answer.headers.emplace_back("X-Content-Type-Options", "nosniff");
  answer.body = body;
  return answer;
}
}  // namespace

std::optional<Answer> answer_discovery(const Call& call) {
  const std::string& path = call.path;
  if (path == "/healthz" || path == "/readyz" || path == "/livez") return plain("ok");
  if (path == "/version" || path == "/version/") {
    Answer answer;
    answer.body = kVersion;
    return answer;
  }
  if (path == "/api" || path == "/api/")
    return json_answer(
        200,
        {{"kind", "APIVersions"}, {"versions", Json::array({"v1"})}, {"serverAddressByClientCIDRs", Json::array()}});
  if (path == "/apis" || path == "/apis/") return json_answer(200, group_list());
  const std::string group_version = path.starts_with("/apis/")  ? path.substr(6)
                                    : path.starts_with("/api/") ? path.substr(5)
                                                                : "";
  if (group_version.empty()) return std::nullopt;
  Json list = resource_list(group_version);
  if (at(list, {"resources"}).empty()) return std::nullopt;
  return json_answer(200, list);
}

}  // namespace ms2m::lab
