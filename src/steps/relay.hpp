// Shadow: the relay, and what its beginning and its end share.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "steps/guards.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// Share of its capacity that the source is left with while a copy that cannot catch up otherwise does so.
inline constexpr double kThrottledShare = 0.25;
/// The relay is paced so from its beginning: a move takes about a second and a half, and what the source does not run
/// ahead in that time the copy need not catch up with. A move that takes longer is not helped by it: then the source
/// gets all its time.
inline constexpr Millis kShortMove{3000};

/// Ready + unacknowledged messages of the queue, exact; nullopt: there is no management API.
std::optional<std::uint64_t> outstanding(const Facts& facts, BrokerAdmin& admin, const std::string& queue,
                                         const StopToken& stop);

/// From here the source works on its own queue, and everything that it gets goes to the target's queue too.
struct StartRelay {
  static constexpr Phase kPhase = Phase::checkpointing;
  static constexpr Wait kWait{WaitFor::consumer, "the source to serve on"};
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Move move;
  Broker& broker;
  BrokerAdmin& admin;
  Observer& observer;
  Guards guards;
  std::unique_ptr<Valve>& valve;
  std::unique_ptr<Pump>& pump;
  Timeline& times;
};

}  // namespace ms2m
