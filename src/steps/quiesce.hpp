// The source becomes quiet: nothing that was delivered to it is unacknowledged, and it listens to the hold queue.
#pragma once
#include <vector>

#include "base/main_line.hpp"
#include "steps/guards.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"
#include "steps/valve.hpp"

namespace ms2m {

/// Makes up for a preflight that could not see the source's consumer yet. Closes the valve for a source that is too
/// busy to look at its control queue; Error{timeout} when it does not become quiet all the same.
struct QuiesceSource {
  static constexpr Phase kPhase = Phase::checkpointing;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Move move;
  Cluster& cluster;
  Broker& broker;
  BrokerAdmin& admin;
  Journal& journal;
  Observer& observer;
  Guards guards;
  PrimaryWatch primary;
  CloseValve close_valve;
  QuietSource& source;
  MainLine& line;
};

/// Which process it is that has become quiet.
struct KnowSource {
  static constexpr Phase kPhase = Phase::checkpointing;
  static std::vector<Announced> announce(const Move&) { return {}; }
  Ran run(const StopToken& stop) const;

  SourceProcess process;
  QuietSource& source;
};

}  // namespace ms2m
