// What a pod's specification asks of its node's kernel and kubelet besides its containers. Pure.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "ms2m/json.hpp"

namespace ms2m {

struct PodTraits {
  bool host_network = false, host_pid = false, host_ipc = false;
  bool full_host_name = false;    ///< the host name is the full domain name
  bool shared_processes = false;  ///< its containers see each other's
  bool user_namespace = false;    ///< of its own
  bool resource_claims = false;
  std::string runtime_class;  ///< empty: none
  std::vector<std::string> readiness_gates;
};
PodTraits traits_of(const Json& pod);

bool on_host_network(const Json& pod);
/// What its processes get to end in.
std::chrono::seconds grace_period(const Json& pod);

}  // namespace ms2m
