// When a copy that acknowledges nothing counts as standing still.
#pragma once
#include <algorithm>

#include "handover/waits.hpp"

namespace ms2m {

inline constexpr Seconds kShortestStandstill{0.5};
/// kStandstill, or three of the times that one message takes, when that is known. `rate`: messages/s.
inline Seconds standstill(double rate) {
  return rate > 0 ? std::max(kShortestStandstill, Seconds(3 / rate)) : kStandstill;
}

}  // namespace ms2m
