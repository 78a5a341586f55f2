#include "kube/objects/pod_state.hpp"

#include "base/fields.hpp"

namespace ms2m {

bool is_terminating(const Json& object) { return object_at(object, "metadata").contains("deletionTimestamp"); }

bool kubelet_knows_deletion(const Json& pod) {
  const std::int64_t generation = number_at(object_at(pod, "metadata"), "generation", 0);
  return is_terminating(pod) && generation > 0 &&
         number_at(object_at(pod, "status"), "observedGeneration", 0) >= generation;
}

bool pod_is_lost(const Json* pod) { return pod == nullptr || is_terminating(*pod) || pod_is_over(*pod); }

std::string pod_phase(const Json& pod) {
  const std::string phase = text_at(object_at(pod, "status"), "phase");
  return phase.empty() ? "Pending" : phase;
}

bool pod_is_over(const Json& pod) {
  const std::string phase = pod_phase(pod);
  return phase == "Failed" || phase == "Succeeded";
}

bool pod_is_ready(const Json& pod) {
  for (const Json& condition : array_at(object_at(pod, "status"), "conditions"))
    if (text_at(condition, "type") == "Ready") return text_at(condition, "status") == "True";
  return false;
}

std::optional<PodFailure> pod_failure(const Json& pod) {
  if (pod_phase(pod) != "Failed") return std::nullopt;
  const Json& status = object_at(pod, "status");
  return PodFailure{text_at(status, "reason"), text_at(status, "message")};
}

std::vector<std::string> addresses_of(const Json& pod) {
  std::vector<std::string> addresses;
  const Json& status = object_at(pod, "status");
  for (const Json& each : array_at(status, "podIPs")) addresses.push_back(text_at(each, "ip"));
  if (addresses.empty()) addresses.push_back(text_at(status, "podIP"));
  std::erase(addresses, "");
  return addresses;
}

std::vector<std::string> own_addresses_of(const Json& pod) {
  if (flag_at(object_at(pod, "spec"), "hostNetwork")) return {};
  return addresses_of(pod);
}

}  // namespace ms2m
