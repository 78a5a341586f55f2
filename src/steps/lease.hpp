// The lease that keeps a second migration of the same pod away, and shows how far this one is.
#pragma once
#include <vector>

#include "steps/step.hpp"

namespace ms2m {

/// Error{refused} when another migration of the pod has just begun.
struct TakeLease {
  static constexpr Phase kPhase = Phase::preparing;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Move move;
  Cluster& cluster;
  Broker& broker;
  Journal& journal;
};

void set_lease_phase(Cluster& cluster, const Plan& plan, Phase phase, const StopToken& stop);

}  // namespace ms2m
