// ms2m's own queues, and the target's control queue.
#pragma once
#include <vector>

#include "steps/step.hpp"

namespace ms2m {

/// And the tee, for a relay. Error{refused, failed} when the broker would make something else of them than what was
/// declared.
struct DeclareQueues {
  static constexpr Phase kPhase = Phase::preparing;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Move move;
  Broker& broker;
  BrokerAdmin& admin;
  Journal& journal;
  Observer& observer;
};

}  // namespace ms2m
