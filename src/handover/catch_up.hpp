// When a copy will have caught up with its source.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "ms2m/units.hpp"

namespace ms2m {

/// A time lies most likely between them; nullopt: it does not catch up at that rate.
struct CatchUpTime {
  std::optional<Seconds> least, most;
};

/// `behind`: messages that are left to it. `processed` and `arrived`: in `time`, which began with a message that was
/// done, so that what the copy needed to begin does not count. The fewer there were, the wider is the range.
CatchUpTime catch_up_time(std::uint64_t behind, double processed, double arrived, Seconds time);

/// "would catch up in 1.2-3.4 s", "would catch up in 2.0 s at the least", "would not catch up".
std::string describe(const CatchUpTime& time);

}  // namespace ms2m
