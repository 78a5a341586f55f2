#include "agent/refusals.hpp"

#include <algorithm>

namespace ms2m::agent {

bool Refusals::allow(TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (since_ != TimePoint{}) left_ = std::min(most_, left_ + seconds_between(since_, now) * per_second_);
  since_ = now;
  if (left_ < 1) return false;
  left_ -= 1;
  return true;
}

}  // namespace ms2m::agent
