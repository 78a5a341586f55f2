// Behind the closed valve, of a source without the control protocol.
#pragma once
#include "steps/guards.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"

namespace ms2m {

struct Undisturbed {
  const Plan& plan;
  Broker& broker;
  BrokerAdmin& admin;
  Guards guards;
  SourceProcess process;
  const QuietSource& source;

  /// Returns when the broker counts no more as unacknowledged than the valve holds: nothing that was delivered to the
  /// source is. Error{failed} at the token's deadline.
  void wait_until_only_the_valve_holds(const StopToken& stop) const;
  /// Throws Error unless that is so, the valve had no gap, and the source is the very process that it was.
  void check(const StopToken& stop) const;
};

}  // namespace ms2m
