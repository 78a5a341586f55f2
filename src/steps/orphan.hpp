// A StatefulSet lets go of its pods: with it, deleting one would bring a cold one.
#pragma once
#include <vector>

#include "steps/step.hpp"
#include "steps/transfer.hpp"
#include "undo/operations.hpp"

namespace ms2m {

/// The StatefulSet as it is now. Error{conflict} when it was changed since it was looked at.
Json unchanged_set(const Move& move, Cluster& cluster, const StopToken& stop);

struct OrphanSet {
  static constexpr Phase kPhase = Phase::replaying;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Move move;
  Cluster& cluster;
  Journal& journal;
  Operations& operations;
};

/// Both are waited for by nobody else.
struct TransferWhileOrphaning {
  static constexpr Phase kPhase = Phase::transferring;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  OrphanSet orphan;
  Transfer transfer;
};

}  // namespace ms2m
