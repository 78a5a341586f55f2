// ContainerProcess by the node's control groups.
#pragma once
#include <string>

#include "ms2m/node.hpp"

namespace ms2m {

/// Any NodeShell will do; `shell` must outlive it. Thread-safe. Needs sh, find, cat, sleep and setsid on the node.
///
/// The container's control group is looked for by its name below `root`: crio-<id>.scope, cri-containerd-<id>.scope,
/// docker-<id>.scope (systemd as the driver), crio-<id>, <id> (cgroupfs); never crio-conmon-<id>. Version 2
/// (cgroup.freeze, cgroup.kill; also below a hybrid root's "unified") where the container's processes are in it, else
/// version 1's freezer. Whatever the runtime makes below it (crun's "container") is stopped with it. Kernel:
/// admin-guide/cgroup-v2.rst, "Core Interface Files"; admin-guide/cgroup-v1/freezer-subsystem.rst.
///
/// A freeze whose token has a deadline ends by itself at that time: a small process on the node thaws the container
/// though ms2m, its ssh session or the network be gone. One without a deadline stays. The newest freeze counts, also of
/// a container that is frozen already; thaw and kill take the limit away.
class ContainerCgroup : public ContainerProcess {
 public:
  explicit ContainerCgroup(NodeShell& shell, std::string root = "/sys/fs/cgroup")
      : shell_(shell), root_(std::move(root)) {}

  bool freeze(const std::string& node, const std::string& container, const StopToken& stop) override;
  bool thaw(const std::string& node, const std::string& container, const StopToken& stop) override;
  bool kill(const std::string& node, const std::string& container, const StopToken& stop) override;

 private:
  bool act(const char* verb, const std::string& doing, const std::string& node, const std::string& container,
           const StopToken& stop);
  NodeShell& shell_;
  const std::string root_;
};

namespace node {
/// bare_container_id(), but Error{usage} instead of an empty one.
std::string container_id(const std::string& container);
}  // namespace node

}  // namespace ms2m
