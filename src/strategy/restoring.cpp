#include "strategy/restoring.hpp"

#include "strategy/wiring.hpp"

namespace ms2m {

Steps restore_prepared(const Procedure& procedure) {
  if (procedure.rounds == 0) return {step::prepare_restore};
  return {step::prepare_restore, step::pre_copy};
}

Steps waiting_copy_made(const Procedure& procedure) {
  Steps steps;
  if (procedure.by_handler()) steps = restore_prepared(procedure);
  steps.push_back(step::create_target_pod);
  return steps;
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
