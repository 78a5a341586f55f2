// What a pod's metadata and status say of it now. Pure.
#pragma once
#include <string>
#include <vector>

#include "ms2m/json.hpp"

namespace ms2m {

bool is_terminating(const Json& object);
/// The deletion is a new generation of the pod, and the kubelet reports the generation that it acts on (Kubernetes 1.34
/// and later; kube-transcripts/watch-shadow-pod: 0.14 s). Before that it would start a killed container anew, cold.
bool kubelet_knows_deletion(const Json& pod);
/// Gone, on its way out, or ended for good: no kubelet starts it again. nullptr: it does not exist.
bool pod_is_lost(const Json* pod);

bool pod_is_ready(const Json& pod);
bool container_running(const Json* pod, const std::string& container);
/// IDs of the containers that run, as the pod's status has them.
std::vector<std::string> running_containers(const Json& pod);
/// ID and restarts of a container: one that was started again is another process, although the pod is the same. Empty:
/// its kubelet has not said anything of it yet.
std::string instance_in(const Json& pod, const std::string& container);

/// The addresses that the pod has now.
std::vector<std::string> addresses_of(const Json& pod);

}  // namespace ms2m
