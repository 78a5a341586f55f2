// CheckpointArchives through a node's shell.
#pragma once
#include <string>
#include <vector>

#include "ms2m/node.hpp"

namespace ms2m {

/// Any NodeShell will do; `shell` must outlive it. Thread-safe. Needs sh, stat, find and rm on the node.
class SshArchives : public CheckpointArchives {
 public:
  explicit SshArchives(NodeShell& shell) : shell_(shell) {}

  std::vector<ArchiveFile> list(const std::string& node, const std::string& directory, const std::string& ns,
                                const std::string& pod, const std::string& container, const StopToken& stop) override;
  /// Error{not_found} when there is no such file. Looks five times a second, on the node itself.
  void wait_complete(const std::string& node, const std::string& path, const StopToken& stop) override;
  bool remove(const std::string& node, const std::string& path, const StopToken& stop) override;

 private:
  NodeShell& shell_;
};

}  // namespace ms2m
