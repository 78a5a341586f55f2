// Units live in types: durations are std::chrono, sizes are Bytes.
#pragma once
#include <chrono>
#include <cstdint>

namespace ms2m {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::duration<double>;

/// A number of bytes.
struct Bytes {
  std::uint64_t count = 0;
  friend bool operator==(Bytes, Bytes) = default;
  friend auto operator<=>(Bytes, Bytes) = default;
};

inline double seconds_between(TimePoint from, TimePoint to) { return Seconds(to - from).count(); }

}  // namespace ms2m
