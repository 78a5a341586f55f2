// How many refusals are worth an answer and a line in the log.
#pragma once
#include <mutex>

#include "ms2m/units.hpp"

namespace ms2m::agent {

/// Who tries tokens or sessions gets so many answers a second, and no more work than to be told so. Thread-safe.
class Refusals {
 public:
  Refusals(double per_second, double at_once) : per_second_(per_second), most_(at_once), left_(at_once) {}
  /// One more at `now`. false: too many.
  bool allow(TimePoint now);

 private:
  const double per_second_, most_;
  std::mutex mutex_;
  double left_;
  TimePoint since_{};
};

}  // namespace ms2m::agent
