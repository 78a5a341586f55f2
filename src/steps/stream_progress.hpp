// How fast the target of a stream is, and whether it comes nearer to its source.
#pragma once
#include <cstdint>
#include <optional>

#include "ms2m/units.hpp"

namespace ms2m {

/// A target that has come no nearer to the source for so long will not. (A source that works a backlog off is as fast
/// as the target until it has done so.)
inline constexpr std::chrono::seconds kInVain{20};
/// Of what was left before. Above it a round is no progress but chance.
inline constexpr double kNearer = 0.95;

/// How many messages a second the target applies, by the longest round there was.
class Rate {
 public:
  void saw(std::int64_t messages, Seconds time) {
    if (messages <= messages_ || time.count() <= 0) return;
    messages_ = messages;
    rate_ = static_cast<double>(messages) / time.count();
  }
  std::optional<double> value() const { return rate_ > 0 ? std::optional(rate_) : std::nullopt; }
  Seconds time_for(std::int64_t messages) const {
    return rate_ > 0 ? Seconds(static_cast<double>(messages) / rate_) : Seconds(1e9);
  }

 private:
  std::int64_t messages_ = 0;
  double rate_ = 0;
};

/// For how long the target has come no nearer.
class Progress {
 public:
  bool in_vain(std::int64_t behind) {
    if (nearest_ >= 0 && static_cast<double>(behind) >= kNearer * static_cast<double>(nearest_))
      return Clock::now() - since_ > kInVain;
    nearest_ = behind;
    since_ = Clock::now();
    return false;
  }

 private:
  std::int64_t nearest_ = -1;
  TimePoint since_;
};

}  // namespace ms2m
