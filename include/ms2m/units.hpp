// Units live in types: durations are std::chrono, sizes are Bytes.
#pragma once
#include <ctime>

#include <chrono>
#include <cstdint>

namespace ms2m {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
/// Goes on while this machine is suspended, where Clock stands still: for what others do meanwhile.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
  static time_point now() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return time_point(std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec});
  }
};
using BootTime = BootClock::time_point;
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
