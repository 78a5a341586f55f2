#include "kube/objects/pod_state.hpp"

#include <fmt/format.h>

#include "kube/objects/pod_spec.hpp"

namespace ms2m {

bool is_terminating(const Json& object) { return object.at("metadata").contains("deletionTimestamp"); }

bool kubelet_knows_deletion(const Json& pod) {
  const std::int64_t generation = pod.at("metadata").value("generation", std::int64_t{0});
  return is_terminating(pod) && generation > 0 &&
         pod.value("status", Json::object()).value("observedGeneration", std::int64_t{0}) >= generation;
}

std::vector<std::string> running_containers(const Json& pod) {
  std::vector<std::string> ids;
  const Json status = pod.value("status", Json::object());
  for (const char* list : {"containerStatuses", "initContainerStatuses"})
    for (const Json& container : status.value(list, Json::array()))
      if (container.value("state", Json::object()).contains("running"))
        ids.push_back(container.value("containerID", ""));
  return ids;
}

bool pod_is_ready(const Json& pod) {
  const auto status = pod.find("status");
  if (status == pod.end() || !status->contains("conditions")) return false;
  for (const Json& condition : status->at("conditions"))
    if (condition.value("type", "") == "Ready") return condition.value("status", "") == "True";
  return false;
}

bool container_running(const Json* pod, const std::string& container) {
  const Json* own = find_container_status(*pod, container);
  return own != nullptr && own->value("state", Json::object()).contains("running");
}

std::vector<std::string> addresses_of(const Json& pod) {
  std::vector<std::string> addresses;
  const Json status = pod.value("status", Json::object());
  for (const Json& each : status.value("podIPs", Json::array())) addresses.push_back(each.value("ip", ""));
  if (addresses.empty()) addresses.push_back(status.value("podIP", ""));
  std::erase(addresses, "");
  return addresses;
}

std::string instance_in(const Json& pod, const std::string& container) {
  const Json* status = find_container_status(pod, container);
  if (status == nullptr) return "";
  return fmt::format("{} {}", status->value("containerID", ""), status->value("restartCount", 0));
}

bool pod_is_lost(const Json* pod) {
  if (pod == nullptr || is_terminating(*pod)) return true;
  const std::string phase = pod->value("status", Json::object()).value("phase", "");
  return phase == "Failed" || phase == "Succeeded";
}

}  // namespace ms2m
