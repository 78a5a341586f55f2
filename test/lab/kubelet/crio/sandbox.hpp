#pragma once
#include <filesystem>
#include <string>

#include "crio/handlers.hpp"
#include "crio/network.hpp"
#include "runtime/cgroup.hpp"
#include "runtime/sandbox.hpp"

namespace kubelet {

// Pinned network, UTS and IPC namespaces, address, /dev/shm, the files of /etc, and the pod's control group. There is
// no pause process.
class CrioSandbox : public Sandbox {
 public:
  // Throws std::runtime_error. Blocks for some 20 ms.
  CrioSandbox(const Json& pod, const std::string& node_ip, const std::string& qos, Network& network, Cgroups& cgroups,
              OciRuntime oci);
  ~CrioSandbox() override;

  const OciRuntime& oci() const { return oci_; }                              // what its containers are run with
  std::filesystem::path file(const char* name) const { return dir_ / name; }  // net uts ipc shm hostname resolv.conf

 private:
  void make_files(const Json& pod);
  void make_namespaces();
  void undo() noexcept;

  Network& network_;
  Cgroups& cgroups_;
  OciRuntime oci_;
  std::string link_;
  std::filesystem::path dir_;
};

}  // namespace kubelet
