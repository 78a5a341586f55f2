#include "steps/both_live.hpp"

#include <optional>

#include "handover/waits.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"

namespace ms2m {

void BothLive::check(const StopToken& stop) {
  if (Clock::now() < next_) return;
  next_ = Clock::now() + std::chrono::seconds(1);
  check_source(stop);
  check_copy(stop);
}

void BothLive::check_source(const StopToken& stop) const {
  std::optional<Json> pod;
  try {
    pod = cluster_.get({Kind::pod, plan_.ns, plan_.source_pod}, stop);
  } catch (const Error&) {
    return;
  }
  // An evicted one stays, as one that is over.
  if (!pod || pod_uid(*pod) != plan_.source_uid || pod_is_over(*pod))
    throw Error(ErrorKind::inconsistent, "the source pod is gone");
}

void BothLive::check_copy(const StopToken& stop) const {
  std::optional<Json> pod;
  try {
    pod = cluster_.get({Kind::pod, plan_.ns, plan_.target_pod}, stop);
  } catch (const Error&) {
    return;
  }
  check_runs_on(pod ? &*pod : nullptr, plan_.target_pod, plan_.container, plan_.procedure.by_handler() ? plan_.id : "");
}

}  // namespace ms2m
