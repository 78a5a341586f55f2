// After the pivot: a copy that works gets the rest of its memory.
#pragma once
#include <optional>

#include "steps/pivot.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// Until the copy has all of it; from then on as CompleteCopy. Error{unavailable}: it will not have it, and is lost.
struct AwaitMemory {
  static constexpr Phase kPhase = Phase::finalizing;
  static constexpr Wait kWait{WaitFor::network, "the rest of the copy's memory"};
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  const Plan& plan;
  Observer& observer;
  const OwnConnections& own;
  const Timeline& times;
  std::optional<Seconds>& lazy_window;
  CompleteCopy complete;
};

}  // namespace ms2m
