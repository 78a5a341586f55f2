// Shadow: the copy works off what was relayed meanwhile.
#pragma once
#include <optional>
#include <vector>

#include "ms2m/dials.hpp"
#include "steps/guards.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// Until it is near enough for the downtime limit, as it is then, or comes no nearer; slows the relay down for it.
struct CatchUp {
  static constexpr Phase kPhase = Phase::replaying;
  static constexpr Wait kWait{WaitFor::consumer, "the copy to catch up"};
  static std::vector<Announced> announce(const Move&) { return {}; }
  Ran run(const StopToken& stop) const;

  Move move;
  Broker& broker;
  BrokerAdmin& admin;
  Observer& observer;
  Guards guards;
  PrimaryWatch primary;
  std::optional<double>& service_rate;  ///< of the copy, messages/s
  Dials& dials;
};

}  // namespace ms2m
