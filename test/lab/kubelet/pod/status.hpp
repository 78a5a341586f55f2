#pragma once
#include <map>
#include <string>
#include <vector>

#include "pod/slot.hpp"

namespace kubelet {

std::string qos_class(const Json& pod);
Resources resources_of(const Json& container, const std::string& qos);
// A finished container's state.terminated.
// Of a container that did not start, with containerd: recorded with containerd 2.1.9 and kubelet 1.36.2.
Json not_begun(const std::string& container, const std::string& message);
Json terminated_state(const Container& container, const std::filesystem::path& termination_log);

struct StatusInput {
  const Json& pod;
  const std::vector<std::unique_ptr<Slot>>& slots;
  std::string host_ip;
  std::string pod_ip;  // empty: not shown yet
  bool sandbox_ready = false;
  bool initialized = false;
  bool terminating = false;  // every container has been stopped for good
  std::string start_time;
  const std::map<std::string, std::filesystem::path>& termination_logs;
};

// Makes the pod's status as the kubelet reports it; keeps the times of conditions that did not change.
class StatusBuilder {
 public:
  Json build(const StatusInput& input);

 private:
  Json condition(const Json& pod, const std::string& type, bool value, const std::string& reason = "",
                 const std::string& message = "");
  Json previous_ = Json::object();  // condition by type
};

}  // namespace kubelet
