// Restores by the runtime handler, through the program on the node. As adapters.hpp.
#pragma once
#include "ms2m/node_restore.hpp"
#include "node/session/ssh_nodes.hpp"

namespace ms2m {

class SessionRestores final : public NodeRestores {
 public:
  explicit SessionRestores(SshNodes& nodes) : nodes_(nodes) {}
  void prepare(const std::string& node, const std::string& id, const RestoreTarget& target, Millis wait, Seconds valid,
               const StopToken& stop) override;
  void bind(const std::string& node, const std::string& id, const std::string& uid, const std::string& kubelet_root,
            const StopToken& stop) override;
  void ready(const std::string& node, const std::string& id, const std::string& sha256, const StopToken& stop) override;
  /// Error{timeout} after ten minutes when `stop` has no deadline.
  RestoreStatus watch(const std::string& node, const std::string& id, const std::optional<RestoreStatus>& seen,
                      const StopToken& stop) override;
  void done(const std::string& node, const std::string& id, const StopToken& stop) override;
  bool take_back(const std::string& node, const std::string& id, const StopToken& stop) override;
  bool remove_data(const std::string& node, const std::string& id, const StopToken& stop) override;
  std::map<std::string, RestoreStatus> list(const std::string& node, const StopToken& stop) override;
  std::vector<std::string> sweep(const std::string& node, const StopToken& stop) override;

 private:
  SshNodes& nodes_;
};

}  // namespace ms2m
