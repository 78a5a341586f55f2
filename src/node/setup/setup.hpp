// What of a node's files is to change, and the change.
#pragma once
#include <vector>

#include "ms2m/node_setup.hpp"
#include "ms2m/node_tools.hpp"
#include "node/setup/place.hpp"

namespace ms2m::node {

/// NodeSetup::look(); changes nothing.
NodeSetupPlan look_at_setup(const SetupPlace& place, SetupWay way, const StopToken& stop);

/// NodeSetup::apply(): each file is renamed into its place, on the disk when this returns. `shown`: those of the plan
/// that change.
void apply_setup(const SetupPlace& place, SetupWay way, const std::vector<SetupFile>& shown, const StopToken& stop);

/// systemctl; waits until it has.
void restart_runtime(const SetupPlace& place, const StopToken& stop);

/// Fills in what NodeTools says of the handler.
void look_at_handler(const SetupPlace& place, NodeTools& tools);

}  // namespace ms2m::node
