// Carrier through this process: the source's session -> counted here -> the target's session.
#pragma once
#include "ms2m/node.hpp"
#include "node/session/ssh_nodes.hpp"

namespace ms2m {

/// Holds at most a window (frame.hpp) of each side's stream. The target has room for the archive, or says so before the
/// first byte. Both ends' hashes must agree: the source's of what it read, the target's of what it has written.
class Relay final : public Carrier {
 public:
  /// `nodes` must outlive it. Thread-safe.
  explicit Relay(SshNodes& nodes) : nodes_(nodes) {}
  Landing landing(const std::string& node, const std::string& id, Unpack as = Unpack::layout) const override;
  std::optional<std::string> obstacle(const std::string& from_node, const std::string& to_node,
                                      const StopToken& stop) override;
  MoveResult move(const MoveRequest& request, const ProgressFn& progress, const StopToken& stop) override;
  Bytes bring_pages(const PagesRequest& request, const std::function<void()>& open, const ProgressFn& progress,
                    const StopToken& stop) override;

 private:
  SshNodes& nodes_;
};

}  // namespace ms2m
