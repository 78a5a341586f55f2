// Shadow: the relay ends, and both copies finish what they have of it.
#pragma once
#include <vector>

#include "ms2m/outcome.hpp"
#include "steps/guards.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// Afterwards both listen to the hold queue, and nothing is unacknowledged anywhere.
struct CutOver {
  static constexpr Phase kPhase = Phase::replaying;
  static constexpr Wait kWait{WaitFor::consumer, "both copies to finish"};
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Move move;
  Broker& broker;
  BrokerAdmin& admin;
  Observer& observer;
  Guards guards;
  PrimaryWatch primary;
  Measures& measures;
  Timeline& times;
};

}  // namespace ms2m
