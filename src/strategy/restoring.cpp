#include "strategy/restoring.hpp"

#include "strategy/wiring.hpp"

namespace ms2m {

Steps waiting_copy_made(Restoring way) {
  if (way == Restoring::image) return {step::create_target_pod};
  return {step::prepare_restore, step::create_target_pod};
}

Steps waiting_copy_awaited(Restoring way) {
  return {way == Restoring::image ? step::await_target_waiting : step::bind_copy};
}

Steps kick_works(Restoring way) {
  if (way == Restoring::image) return {step::await_kick_works};
  return {};
}

Step data_moved(Restoring way) { return way == Restoring::image ? step::transfer : step::bring_data; }

Steps copy_completed(Restoring way) {
  if (way == Restoring::image) return {};
  return {step::complete_copy};
}

void append(Steps& steps, const Steps& more) { steps.insert(steps.end(), more.begin(), more.end()); }

}  // namespace ms2m
