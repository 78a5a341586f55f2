#pragma once
#include <algorithm>
#include <chrono>

#include "base/clock.hpp"

namespace kubelet {

// 10 s, doubling up to 5 min; forgotten after 10 min without a failure.
class Backoff {
 public:
  // Counts one more failure, at `now`.
  void next(SteadyTime now) {
    if (delay_.count() == 0 || now - last_ > std::chrono::minutes(10))
      delay_ = std::chrono::seconds(10);
    else
      delay_ = std::min(delay_ * 2, std::chrono::seconds(300));
    last_ = now;
  }
  void reset() { delay_ = std::chrono::seconds(0); }
  std::chrono::seconds delay() const { return delay_; }
  bool active(SteadyTime since, SteadyTime now) const { return now < since + delay_; }

 private:
  std::chrono::seconds delay_{0};
  SteadyTime last_{};
};

}  // namespace kubelet
