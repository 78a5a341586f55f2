#pragma once
#include <atomic>
#include <string>

#include "cri/client.hpp"
#include "runtime/cgroup.hpp"
#include "runtime/sandbox.hpp"

namespace kubelet {

// A sandbox of the CRI plugin's: namespaces, the pause process, network by CNI.
class ContainerdSandbox : public Sandbox {
 public:
  // Throws CriError.
  ContainerdSandbox(const Json& pod, const std::string& node_ip, const std::string& qos, const std::string& handler,
                    const CriClient& cri, Cgroups& cgroups);
  ~ContainerdSandbox() override;

  const std::string& id() const { return id_; }
  const Message& config() const { return config_; }
  std::string log_directory() const { return logs_; }
  // Of one more container: names of containers are not given twice, also not while a failed one is there.
  int next_attempt() const { return attempts_++; }

 private:
  const CriClient& cri_;
  Cgroups& cgroups_;
  std::string logs_, id_;
  Message config_;
  mutable std::atomic<int> attempts_{0};
};

}  // namespace kubelet
