#include "containerd/sandbox.hpp"

#include "base/clock.hpp"
#include "base/files.hpp"
#include "containerd/configs.hpp"

namespace kubelet {

ContainerdSandbox::ContainerdSandbox(const Json& pod, const std::string& node_ip, const std::string& qos,
                                     const std::string& handler, const CriClient& cri, Cgroups& cgroups)
    : Sandbox(pod, qos), cri_(cri), cgroups_(cgroups), logs_(log_directory_of(pod)) {
  config_ = sandbox_config(pod, *this, logs_);
  make_dirs(logs_);
  make_dirs(Cgroups::path(cgroup()));
  try {
    id_ = cri_.call("RuntimeService/RunPodSandbox", Message().message(1, config_).text(2, handler)).text(1);
    const Received status = cri_.call("RuntimeService/PodSandboxStatus", Message().text(1, id_)).message(1);
    ip_ = host_network() ? node_ip : status.message(5).text(1);
  } catch (...) {
    cgroups_.remove(cgroup());
    throw;
  }
}

ContainerdSandbox::~ContainerdSandbox() {
  try {
    cri_.call("RuntimeService/StopPodSandbox", Message().text(1, id_));
    cri_.call("RuntimeService/RemovePodSandbox", Message().text(1, id_));
  } catch (const std::exception& error) {
    log_line("removing sandbox " + id_ + ": " + error.what());
  }
  cgroups_.remove(cgroup());
}

}  // namespace kubelet
