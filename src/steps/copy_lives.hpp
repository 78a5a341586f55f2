// The copy that works off what was relayed, as its kubelet sees it.
#pragma once
#include "ms2m/cluster.hpp"
#include "ms2m/stop.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// For a loop that waits for the copy: one whose process has ended would be waited for in vain, and meanwhile nobody
/// works. The pod is looked at once a second.
class CopyLives {
 public:
  CopyLives(const Plan& plan, Cluster& cluster) : plan_(plan), cluster_(cluster) {}
  /// Throws as check_runs_on(). What cannot be asked says nothing.
  void check(const StopToken& stop);

 private:
  const Plan& plan_;
  Cluster& cluster_;
  TimePoint next_ = Clock::now() + std::chrono::seconds(1);
};

}  // namespace ms2m
