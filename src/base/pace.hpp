// Bytes at no more than a rate.
#pragma once
#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>

#include "ms2m/stop.hpp"
#include "ms2m/units.hpp"

namespace ms2m {

/// On an average since begin(). Not thread-safe.
class Pace {
 public:
  /// nullopt: no limit. Not 0.
  explicit Pace(std::optional<Bytes> per_second) : per_second_(per_second), begun_(Clock::now()) {}

  void begin() { begun_ = Clock::now(); }
  /// What passes in a moment, so that it comes evenly; at most `most`, at least a byte.
  std::size_t piece(std::size_t most) const {
    constexpr double kMoment = 0.25;  // s
    if (!per_second_) return most;
    return static_cast<std::size_t>(
        std::clamp<double>(static_cast<double>(per_second_->count) * kMoment, 1, static_cast<double>(most)));
  }
  /// Until so many bytes more are within the limit; they count as gone then.
  void await_turn(std::size_t more, const StopToken& stop, const std::string& doing) {
    done_ += static_cast<double>(more);
    if (!per_second_) return;
    const Seconds due(done_ / static_cast<double>(per_second_->count));
    const TimePoint turn = begun_ + std::chrono::ceil<Clock::duration>(due);
    for (TimePoint now; (now = Clock::now()) < turn;) stop.sleep(std::chrono::ceil<Millis>(turn - now), doing);
  }

 private:
  const std::optional<Bytes> per_second_;
  TimePoint begun_;
  double done_ = 0;
};

}  // namespace ms2m
