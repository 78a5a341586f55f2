// What a pod's metadata and status say of it now. Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "kube/objects/container_state.hpp"
#include "ms2m/json.hpp"

namespace ms2m {

bool is_terminating(const Json& object);
/// The deletion is a new generation of the pod, and the kubelet reports the generation that it acts on (Kubernetes 1.34
/// and later; kube-transcripts/watch-shadow-pod: 0.14 s). Before that it would start a killed container anew, cold.
bool kubelet_knows_deletion(const Json& pod);
/// Gone, on its way out, or ended for good: no kubelet starts it again. nullptr: it does not exist.
bool pod_is_lost(const Json* pod);

/// "Pending" as long as nobody has said anything else.
std::string pod_phase(const Json& pod);
/// It has ended for good, well or not.
bool pod_is_over(const Json& pod);
bool pod_is_ready(const Json& pod);

/// Why the kubelet has given the pod up: "Evicted", and in words.
struct PodFailure {
  std::string reason, message;
};
/// nullopt: it has not.
std::optional<PodFailure> pod_failure(const Json& pod);

/// The addresses that the pod has now; the first is the one that the kubelet calls the pod's.
std::vector<std::string> addresses_of(const Json& pod);
/// Those that are no other pod's: none when the pod is on the host's network.
std::vector<std::string> own_addresses_of(const Json& pod);

}  // namespace ms2m
