// Bytes at no more than a rate.
#pragma once
#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "ms2m/stop.hpp"
#include "ms2m/units.hpp"

namespace ms2m {

/// On an average since begin(), but that no more than a second's bytes are made up for. Not thread-safe.
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
  /// Another limit from now on. What has gone before counts no more, nor what waits for its turn.
  void change(std::optional<Bytes> per_second) {
    if (per_second == per_second_) return;
    per_second_ = per_second;
    begun_ = Clock::now();
    done_ = 0;
  }
  /// Until so many bytes more are within the limit; they count as gone then. `limit_now`: may change it meanwhile.
  void await_turn(std::size_t more, const StopToken& stop, const std::string& doing,
                  const std::function<std::optional<Bytes>()>& limit_now = {}) {
    constexpr Millis kLook{250}, kKept{1000};
    if (limit_now) change(limit_now());
    done_ += static_cast<double>(more);
    while (per_second_) {
      const Seconds due(done_ / static_cast<double>(per_second_->count));
      const auto left = std::chrono::ceil<Millis>(begun_ + std::chrono::ceil<Clock::duration>(due) - Clock::now());
      if (left <= -kKept) begun_ += -left - kKept;
      if (left <= Millis{0}) return;
      stop.sleep(limit_now ? std::min(left, kLook) : left, doing);
      if (limit_now) change(limit_now());
    }
  }

 private:
  std::optional<Bytes> per_second_;
  TimePoint begun_;
  double done_ = 0;
};

}  // namespace ms2m
