// A running container's root file system, where its changes lie.
#pragma once
#include <set>
#include <string>

#include "wrap/posix/unique_fd.hpp"

namespace ms2m::node {

/// Kernel: filesystems/overlayfs.rst.
struct RootOverlay {
  posix::UniqueFd upper;         ///< the directory of changes
  posix::UniqueFd whole;         ///< the root as the container sees it
  bool user_attributes = false;  ///< overlay's own attributes are user.overlay.* there, trusted.overlay.* otherwise
  std::set<std::string> mounts;  ///< what is mounted in it: "etc/hosts", "proc"
};

/// Of a process ("/proc/<pid>") of the container. Error{refused}: its root is no overlay, or its upper directory is not
/// to be found from here. Error{failed}: it has gone.
RootOverlay open_root_overlay(const std::string& process);

}  // namespace ms2m::node
