// Where the program finds what it works on. Tests give it others.
#pragma once
#include <string>

#include "ms2m/archive.hpp"
#include "ms2m/node.hpp"

namespace ms2m::node {

struct Roots {
  std::string layouts = kLayoutRoot;
  std::string cgroups = "/sys/fs/cgroup";
  std::string kubelet = kKubeletRoot;
  std::string system;  ///< before /etc, /usr, /var/cache and /var/lib/containers; empty on a node
};

}  // namespace ms2m::node
