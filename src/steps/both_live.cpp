#include "steps/both_live.hpp"

#include <functional>
#include <optional>

#include "handover/waits.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

/// They may be done meanwhile.
constexpr std::chrono::seconds kToldWithin{1};

/// nullptr: it is gone.
void if_told(Cluster& cluster, const ObjectRef& ref, const std::function<void(const Json* pod)>& check,
             const StopToken& stop) {
  std::optional<Json> pod;
  try {
    pod = cluster.get(ref, stop.within(kToldWithin));
  } catch (const Error&) {
    return;
  }
  check(pod ? &*pod : nullptr);
}

}  // namespace

void BothLive::check(const StopToken& stop) {
  if (Clock::now() < next_) return;
  next_ = Clock::now() + std::chrono::seconds(1);
  const auto source = [&](const Json* pod) {
    // An evicted one stays, as one that is over.
    if (pod == nullptr || pod_uid(*pod) != plan_.source_uid || pod_is_over(*pod))
      throw Error(ErrorKind::inconsistent, "the source pod is gone");
  };
  const auto copy = [&](const Json* pod) {
    check_runs_on(pod, plan_.target_pod, plan_.container, plan_.procedure.by_handler() ? plan_.id : "");
  };
  if_told(cluster_, {Kind::pod, plan_.ns, plan_.source_pod}, source, stop);
  if_told(cluster_, {Kind::pod, plan_.ns, plan_.target_pod}, copy, stop);
}

}  // namespace ms2m
