// A restore by the runtime handler: prepared on the node before the copy's pod is made, bound to that pod when its
// container waits, given its data, and completed when the copy owns the queue.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "steps/guards.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// So that the container of the pod that is made next waits.
struct PrepareRestore {
  static constexpr Phase kPhase = Phase::preparing;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Move move;
  NodeRestores& restores;
  Journal& journal;
};

/// Until its container waits for the data, everything else of the pod being ready; only that very pod gets it then.
/// Error{failed} when it can never run.
struct BindCopy {
  static constexpr Phase kPhase = Phase::preparing;
  static constexpr Wait kWait{WaitFor::pod_start, "the copy to wait for its data"};
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Move move;
  Cluster& cluster;
  NodeRestores& restores;
  NodeInspector& inspector;
  Observer& observer;
  WaitingCopy& copy;
};

/// The archive's way into the restore's directory.
struct BringData {
  static constexpr Phase kPhase = Phase::transferring;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Move move;
  Carrier& carrier;
  Observer& observer;
  Guards guards;
  const TakenCheckpoint& checkpoint;
  BroughtData& data;
  std::optional<Bytes>& bytes;
  std::optional<CarriedPages>& pages;
  std::optional<Carriage>& carriage;
  std::optional<Bytes>& travelled;
  Dials& dials;

 private:
  MoveResult carried(const MoveRequest& request, const StopToken& stop) const;
};

}  // namespace ms2m
