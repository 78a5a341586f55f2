#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "pod/lookup.hpp"
#include "runtime/plan.hpp"

namespace kubelet {

// A volume that could not be set up; the message is that of the event FailedMount.
struct MountError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The directories of one pod below /var/lib/kubelet/pods/<uid>.
class PodDirectory {
 public:
  explicit PodDirectory(const Json& pod);
  ~PodDirectory();
  PodDirectory(const PodDirectory&) = delete;
  PodDirectory& operator=(const PodDirectory&) = delete;

  // Makes every volume of the pod (idempotent). Throws MountError. Later changes of config maps are not followed.
  void set_up_volumes(const Json& pod, const std::string& pod_ip, const Lookup& lookup);
  // What a container's volumeMounts come to, with /etc/hosts and the termination log, in the kubelet's order.
  std::vector<Mount> mounts_of(const Json& pod, const Json& container, const std::string& pod_ip,
                               const std::string& hostname);
  std::filesystem::path termination_log(const std::string& container) const {
    return root_ / "containers" / container / "termination-log";
  }

 private:
  std::string make_volume(const Json& pod, const Json& volume, const std::string& pod_ip, const Lookup& lookup);
  std::filesystem::path root_;
  std::map<std::string, std::string> volumes_;  // name -> path on the node
};

}  // namespace kubelet
