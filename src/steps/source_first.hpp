// Where a name can exist once, the source goes before its copy comes: what follows the pivot is settled before it, in
// the journal, and carried out from there, phase by phase.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "steps/slots.hpp"
#include "steps/step.hpp"
#include "undo/operations.hpp"

namespace ms2m {

struct PlanFollowUp {
  static constexpr Phase kPhase = Phase::transferring;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Move move;
  Cluster& cluster;
  Journal& journal;
  const TakenCheckpoint& checkpoint;
  const ImportedImage& imported;
  const BroughtData& brought;
  const QuietSource& source;
};

/// The source ends, and its copy is restored under its name. Incomplete: something failed; what is left is for the
/// finish, which tries it again.
struct SwapUnderName {
  static constexpr Phase kPhase = Phase::restoring;
  static constexpr Wait kWait{WaitFor::pod_start, "the copy to run and connect"};
  static std::vector<Announced> announce(const Move&) { return {}; }
  Ran run(const StopToken& stop) const;

  Move move;
  Journal& journal;
  Observer& observer;
  Operations& operations;
};

/// The copy is sent to the queue; incomplete as SwapUnderName.
struct ServeUnderName {
  static constexpr Phase kPhase = Phase::replaying;
  static constexpr Wait kWait{WaitFor::consumer, "the target to consume"};
  static std::vector<Announced> announce(const Move&) { return {}; }
  Ran run(const StopToken& stop) const;

  Move move;
  Journal& journal;
  Observer& observer;
  Operations& operations;
  const OwnConnections& own;
  const std::optional<std::uint64_t>& held;
  Timeline& times;
};

}  // namespace ms2m
