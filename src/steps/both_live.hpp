// Source and copy that work off what was relayed, as their cluster sees them.
#pragma once
#include "ms2m/cluster.hpp"
#include "ms2m/stop.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// For a loop that waits for them: one whose process has ended, or whose pod is gone, would be waited for in vain, and
/// meanwhile nobody works. The pods are looked at once a second.
class BothLive {
 public:
  BothLive(const Plan& plan, Cluster& cluster) : plan_(plan), cluster_(cluster) {}
  /// Throws as check_runs_on(), of the copy; Error{inconsistent}: the source's pod is gone or over. What cannot be
  /// asked says nothing.
  void check(const StopToken& stop);

 private:
  const Plan& plan_;
  Cluster& cluster_;
  TimePoint next_ = Clock::now() + std::chrono::seconds(1);
};

}  // namespace ms2m
