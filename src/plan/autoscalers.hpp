// Who scales the pod's owner by itself: HorizontalPodAutoscalers and KEDA's ScaledObjects. Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ms2m/json.hpp"
#include "ms2m/place.hpp"
#include "plan/facts.hpp"

namespace ms2m {

struct Facts;

/// The workload whose number of pods an autoscaler changes: the Deployment above a ReplicaSet, or the pod's owner
/// itself.
struct ScaledWorkload {
  std::string kind, name;
  int replicas = 1;
};
/// nullopt: nothing scales the pod.
std::optional<ScaledWorkload> scaled_workload(const Facts& facts);

struct Autoscaler {
  std::string words;   ///< "HorizontalPodAutoscaler web", "KEDA's ScaledObject orders"
  std::string pause;   ///< the command that makes it keep the number of pods, typed at `place`
  std::string resume;  ///< and the one that takes this back
};

/// Those of the workload that may change its number of pods now: one that is paused, or may have one number only,
/// cannot. What KEDA made is named by its ScaledObject: a change of the autoscaler itself would be taken back.
std::vector<Autoscaler> active_autoscalers(const Facts& facts, const ScaledWorkload& workload, const Place& place);

}  // namespace ms2m
