// What the relay of a shadow and its end share.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "steps/run.hpp"

namespace ms2m {

/// Share of its capacity that the source is left with while a copy that cannot catch up otherwise does so.
inline constexpr double kThrottledShare = 0.25;
/// The relay is paced so from its beginning: a move takes about a second and a half, and what the source does not run
/// ahead in that time the copy need not catch up with. A move that takes longer is not helped by it: then the source
/// gets all its time.
inline constexpr Millis kShortMove{3000};

/// Ready + unacknowledged messages of the queue, exact; nullopt: there is no management API.
std::optional<std::uint64_t> outstanding(Run& run, const std::string& queue, const StopToken& stop);

}  // namespace ms2m
