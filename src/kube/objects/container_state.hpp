// What the kubelet has said last of a pod's containers. Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ms2m/json.hpp"

namespace ms2m {

struct ContainerState {
  std::string id;               ///< "cri-o://..."
  std::string image, image_id;  ///< names of the image that it runs
  bool running = false;
  std::string waiting, message;  ///< why it does not run yet: "ErrImageNeverPull", and in words
  std::optional<int> exit_code;  ///< it has ended
  std::optional<int> last_exit;  ///< an instance before this one has
  std::string start_error{};     ///< why the last one was not begun at all, which is no end; containerd's
};
/// nullopt: nothing yet.
std::optional<ContainerState> container_state(const Json& pod, const std::string& container);

/// That instance (instance_in(), or a bare container ID) has run, and has ended, and no other one runs; what the pod's
/// kubelet says last.
bool instance_ended(const Json& pod, const std::string& container, const std::string& instance);
bool container_running(const Json* pod, const std::string& container);
/// False: no process of the container has run. So it is also where the kubelet says only that it ends a pod without
/// such a container: it was never there, or its record is gone.
bool ever_started(const Json& pod, const std::string& container);
/// ID and restarts of a container: one that was started again is another process, although the pod is the same. Empty:
/// its kubelet has not said anything of it yet.
std::string instance_in(const Json& pod, const std::string& container);
/// nullopt: one of them is not known. One may be a bare container ID alone, as nodes have it.
std::optional<bool> same_instance(const std::string& one, const std::string& another);

/// IDs, of init containers too: of those that run, and of all.
std::vector<std::string> running_containers(const Json& pod);
std::vector<std::string> known_containers(const Json& pod);

}  // namespace ms2m
