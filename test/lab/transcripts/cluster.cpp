#include "cluster.hpp"

namespace ms2m::lab_test {

namespace {
const char* const kPods = "/api/v1/namespaces/default/pods/";

// What was applied to make the recorded object, and the record of it that kubectl left.
Json applied(const std::string& transcript) {
  const Json object = load_transcript(transcript).json;
  const char* const key = "kubectl.kubernetes.io/last-applied-configuration";
  const std::string text = object["metadata"]["annotations"][key];
  Json result = Json::parse(text);
  result["metadata"]["annotations"][key] = text;
  return result;
}

Json time_now() { return "2026-11-21T21:18:14Z"; }

Json condition(const char* type) {
  return {{"type", type}, {"status", "True"}, {"lastProbeTime", nullptr}, {"lastTransitionTime", time_now()}};
}
}  // namespace

void Cluster::add_nodes(const std::string& worker_1, const std::string& worker_2) {
  const Json list = load_transcript("list-nodes").json;
  for (Json node : list["items"]) {
    node["status"]["addresses"][0]["address"] = node["metadata"]["name"] == "worker-1" ? worker_1 : worker_2;
    node["metadata"].erase("resourceVersion");
    api.admin("POST", "/api/v1/nodes", node);
  }
}

void Cluster::add_stateful_set() {
  api.admin("POST", "/api/v1/namespaces/default/services",
            {{"metadata", {{"name", "consumer"}}},
             {"spec",
              {{"clusterIP", "None"},
               {"selector", {{"app", "consumer"}}},
               {"ports", Json::array({{{"name", "http"}, {"port", 8080}}})}}}});
  api.admin("POST", "/apis/apps/v1/namespaces/default/statefulsets", applied("get-statefulset"));
  eventually([&] { return !pod("consumer-0").is_null(); });
}

void Cluster::add_deployment() {
  api.admin("POST", "/apis/apps/v1/namespaces/default/deployments", applied("get-deployment"));
  eventually([&] { return pods("app=web").size() == 1; });
}

Reply Cluster::add_pod(const std::string& name, const Json& labels, const std::string& node, const Json& annotations) {
  return api.admin(
      "POST", "/api/v1/namespaces/default/pods",
      {{"metadata", {{"name", name}, {"labels", labels}, {"annotations", annotations}}},
       {"spec",
        {{"nodeName", node},
         {"terminationGracePeriodSeconds", 5},
         {"containers", Json::array({{{"name", "consumer"}, {"image", "localhost/checkpoint/consumer:latest"}}})}}}});
}

void Cluster::set_pod_status(const std::string& pod_name, const Json& status) {
  Json wanted = pod(pod_name);
  wanted["status"] = status;
  wanted["metadata"].erase("resourceVersion");
  api.admin("PUT", kPods + pod_name + "/status", wanted);
}

void Cluster::make_ready(const std::string& pod_name) {
  const Json now = pod(pod_name);
  const std::string container = now["spec"]["containers"][0]["name"];
  set_pod_status(pod_name,
                 {{"phase", "Running"},
                  {"qosClass", "BestEffort"},
                  {"podIP", "198.18.11.9"},
                  {"conditions", {condition("Ready"), condition("ContainersReady"), condition("PodScheduled")}},
                  {"containerStatuses", Json::array({{{"name", container}, {"ready", true}, {"restartCount", 0}}})}});
}

void Cluster::finish_deletion(const std::string& pod_name) {
  api.call("worker-1", "DELETE", kPods + pod_name,
           R"({"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0})", "application/json");
}

Json Cluster::pod(const std::string& name) { return object(kPods + name); }

Json Cluster::object(const std::string& target) {
  const Reply reply = api.admin("GET", target);
  return reply.status == 200 ? reply.json() : Json();
}

std::vector<Json> Cluster::pods(const std::string& label_selector) {
  const Json list = object("/api/v1/namespaces/default/pods?labelSelector=" + label_selector);
  return {list["items"].begin(), list["items"].end()};
}

std::string owner_of(const Json& object) {
  if (!object.contains("metadata") || !object["metadata"].contains("ownerReferences")) return "";
  for (const Json& owner : object["metadata"]["ownerReferences"])
    if (owner.value("controller", false))
      return owner["kind"].get<std::string>() + "/" + owner["name"].get<std::string>();
  return "";
}

}  // namespace ms2m::lab_test
