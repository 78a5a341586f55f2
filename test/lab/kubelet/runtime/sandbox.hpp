#pragma once
#include <filesystem>
#include <memory>
#include <string>

#include "base/json.hpp"
#include "runtime/cgroup.hpp"
#include "runtime/handlers.hpp"
#include "runtime/network.hpp"

namespace kubelet {

// What the containers of a pod share: pinned network, UTS and IPC namespaces, address, /dev/shm, the files of /etc, and
// the pod's control group. There is no pause process. Everything goes with the object.
class Sandbox {
 public:
  // Throws std::runtime_error. Blocks for some 20 ms.
  Sandbox(const Json& pod, const std::string& node_ip, const std::string& qos, Network& network, Cgroups& cgroups,
          OciRuntime oci);
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  bool host_network() const { return host_network_; }
  const std::string& ip() const { return ip_; }
  const std::string& hostname() const { return hostname_; }
  const std::string& cgroup() const { return cgroup_; }
  const OciRuntime& oci() const { return oci_; }                              // what its containers are run with
  std::filesystem::path file(const char* name) const { return dir_ / name; }  // net uts ipc shm hostname resolv.conf

 private:
  void make_files(const Json& pod);
  void make_namespaces();
  void undo() noexcept;

  Network& network_;
  Cgroups& cgroups_;
  OciRuntime oci_;
  bool host_network_;
  std::string ip_, hostname_, cgroup_, link_;
  std::filesystem::path dir_;
};

}  // namespace kubelet
