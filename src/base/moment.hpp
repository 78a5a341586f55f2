// The wall clock of those who write dates far from now: "9999-12-31T23:59:59Z" means never.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>

namespace ms2m {

/// So many seconds since 1970; of one that system_clock cannot say (it ends in 2262) the nearest that it can.
inline std::chrono::system_clock::time_point moment_of(double seconds_since_1970) {
  constexpr double kMost = 9.2e9;
  return std::chrono::system_clock::time_point(
      std::chrono::seconds(static_cast<std::int64_t>(std::clamp(seconds_since_1970, -kMost, kMost))));
}

}  // namespace ms2m
