// What a container's processes have open, and how much memory they have.
#pragma once
#include <set>
#include <string>

#include "ms2m/node_look.hpp"

namespace ms2m::node {

class ContainerFiles {
 public:
  /// Adds those of one process ("/proc/<pid>") to open_files, anonymous_files, deleted_files, watches_overlay, memory.
  void read(const std::string& process, NodeLook& look);
  /// Inodes of all sockets.
  const std::set<std::string>& sockets() const noexcept { return sockets_; }

 private:
  std::set<std::string> sockets_;
};

}  // namespace ms2m::node
