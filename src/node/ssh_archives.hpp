// CheckpointArchives through a node's shell.
#pragma once
#include <string>
#include <vector>

#include "ms2m/node.hpp"

namespace ms2m {

/// Where every kubelet keeps them (its --root-dir would move it; then the constructor's argument does).
inline constexpr const char* kCheckpointRoot = "/var/lib/kubelet/checkpoints";

/// Any NodeShell will do; `shell` must outlive it. Thread-safe. Needs sh, stat, find and rm on the node.
class SshArchives : public CheckpointArchives {
 public:
  explicit SshArchives(NodeShell& shell, std::string root = kCheckpointRoot) : shell_(shell), root_(std::move(root)) {}

  std::vector<ArchiveFile> list(const std::string& node, const std::string& ns, const std::string& pod,
                                const std::string& container, const StopToken& stop) override;
  /// Error{not_found} when there is no such file. Looks five times a second, on the node itself.
  void wait_complete(const std::string& node, const std::string& path, const StopToken& stop) override;
  /// Error{refused} for a path that is not an archive directly below the root.
  bool remove(const std::string& node, const std::string& path, const StopToken& stop) override;

 private:
  void check_path(const std::string& path) const;
  NodeShell& shell_;
  const std::string root_;
};

namespace node {
/// "checkpoint-<pod>_<ns>-<container>-<RFC 3339 time>.tar": the time tells it from that of a container "<container>-x".
bool is_archive_of(const std::string& file, const std::string& ns, const std::string& pod,
                   const std::string& container);
/// "checkpoint-....tar" without a slash.
bool is_archive_name(const std::string& file);
}  // namespace node

}  // namespace ms2m
