#include "steps/copy_lives.hpp"

#include <optional>

#include "handover/waits.hpp"
#include "ms2m/error.hpp"

namespace ms2m {

void CopyLives::check(const StopToken& stop) {
  if (Clock::now() < next_) return;
  next_ = Clock::now() + std::chrono::seconds(1);
  std::optional<Json> pod;
  try {
    pod = cluster_.get({Kind::pod, plan_.ns, plan_.target_pod}, stop);
  } catch (const Error&) {
    return;
  }
  check_runs_on(pod ? &*pod : nullptr, plan_.target_pod, plan_.container, plan_.procedure.by_handler() ? plan_.id : "");
}

}  // namespace ms2m
