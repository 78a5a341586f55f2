// `ms2m node setup`, apart from its options.
#pragma once
#include <string>
#include <vector>

#include "cli/session.hpp"
#include "ms2m/node_setup.hpp"

namespace ms2m::cli {

struct SetupOptions {
  std::vector<std::string> nodes;
  bool dry_run = false;
  bool restart_runtime = false;
  bool remove = false;
};

/// Whether a file changes that the container runtime itself reads.
bool runtime_reads(const NodeSetupPlan& plan);

/// Looks at all nodes before it changes one; one that fails then does not keep the others from their turn. Returns the
/// exit status.
int run_setup(const Context& context, const SetupOptions& options);

}  // namespace ms2m::cli
