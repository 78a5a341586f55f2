#pragma once
#include <string>

#include "cri/message.hpp"
#include "runtime/plan.hpp"

namespace kubelet {

// /var/log/pods/<namespace>_<name>_<uid>
std::string log_directory_of(const Json& pod);

// What the kubelet tells the runtime of a pod and of a container. Source: cri-api, pkg/apis/runtime/v1/api.proto.
Message sandbox_config(const Json& pod, const Sandbox& sandbox, const std::string& logs);
Message container_config(const ContainerPlan& plan, const std::string& logs, int attempt);

}  // namespace kubelet
