// The memory's way while the source works, so that after it has become quiet only what has changed is carried.
#pragma once
#include <vector>

#include "steps/checkpoint.hpp"
#include "undo/operations.hpp"

namespace ms2m {

/// As many rounds as the procedure says, or fewer where they shrink no more. The source stands still for a checkpoint
/// in each, and goes on. One that fails ends the move only if it was asked for. What the target has of it goes with the
/// restore. Exactness does not depend on it: the last
/// round is a whole checkpoint, and what of it is not carried is known, by digest, to be at the target already.
struct PreCopy {
  static constexpr Phase kPhase = Phase::preparing;
  static constexpr bool kDisturbs = true;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  TakeCheckpoint take;
  Carrier& carrier;
  Operations& operations;
  Guards guards;
  PreCopied& done;
  const Dials& dials;

 private:
  bool round(const StopToken& stop) const;
  void stood_still(Seconds at_most) const;
  void give_up(const Error& error, const StopToken& stop) const;
};

}  // namespace ms2m
