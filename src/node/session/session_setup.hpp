// The port NodeSetup by the program that this ms2m brings.
#pragma once
#include "ms2m/node_setup.hpp"
#include "node/session/ssh_nodes.hpp"

namespace ms2m {

/// `nodes`: with no installed program (PushPlaces), so that it is this ms2m's own that works, and is what it installs.
class SessionSetup final : public NodeSetup {
 public:
  explicit SessionSetup(SshNodes& nodes) : nodes_(nodes) {}
  NodeSetupPlan look(const std::string& node, SetupWay way, const StopToken& stop) override;
  void apply(const std::string& node, SetupWay way, const NodeSetupPlan& plan, const StopToken& stop) override;
  void restart_runtime(const std::string& node, const StopToken& stop) override;

 private:
  SshNodes& nodes_;
};

}  // namespace ms2m
