// The copy's pod, which waits beside the source for its image.
#pragma once
#include <vector>

#include "steps/slots.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// Error{refused} when admission made of it what no kubelet could restore.
struct CreateTargetPod {
  static constexpr Phase kPhase = Phase::preparing;
  static constexpr WaitFor kBegins = WaitFor::pod_start;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  const Plan& plan;
  Cluster& cluster;
  Journal& journal;
};

/// Of a pod that can be created only later: whatever admission has against it must come out before the source is
/// touched.
struct TryCreation {
  static constexpr Phase kPhase = Phase::preparing;
  static std::vector<Announced> announce(const Move&) { return {}; }
  Ran run(const StopToken& stop) const;

  const Plan& plan;
  Cluster& cluster;
};

/// Until the pod waits for its image. Error{failed} when it can never run.
struct AwaitTargetWaiting {
  static constexpr Phase kPhase = Phase::preparing;
  static std::vector<Announced> announce(const Move&) { return {}; }
  Ran run(const StopToken& stop) const;

  Move move;
  Cluster& cluster;
  Observer& observer;
  WaitingCopy& copy;
};

/// Until it has waited so long that the kubelet answers the kick at once.
struct AwaitKickWorks {
  static constexpr Phase kPhase = Phase::preparing;
  static constexpr Wait kWait{WaitFor::pod_start, "the copy to wait long enough"};
  static std::vector<Announced> announce(const Move&) { return {}; }
  Ran run(const StopToken& stop) const;

  const WaitingCopy& copy;
};

}  // namespace ms2m
