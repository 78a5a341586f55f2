// The queue is a stream. Nothing is carried and nothing relayed: a fresh pod makes the state anew from the log, while
// the source serves, with its side effects held back (role "target") and never further than the source. Then the source
// stops at an offset, the target comes to that very one, and goes on after it.
//
// ms2m's death before the pivot: the dead man's switch sends the source on from where it has stopped; the target stays
// where it may read to. After it: the target has its command, or `ms2m resume` sends it once more.
#include "steps/hooks.hpp"
#include "strategy/restoring.hpp"
#include "strategy/strategy.hpp"
#include "strategy/wiring.hpp"

namespace ms2m {

Steps replay_steps(const MigrationRequest& request) {
  Steps steps{step::take_lease,        step::declare_queues, step::tell_fresh,
              step::create_target_pod, step::await_fresh,    step::follow_stream};
  if (has_hook(request, HookPoint::before_quiet)) {
    Step again = step::follow_stream;  // a hook may take long, and the source goes on meanwhile
    again.disturbs = true;
    steps.push_back(again);
  }
  Step armed = step::arm_dead_man;  // not before it is needed: to catch up may take long
  armed.phase = Phase::replaying;
  append(steps, {armed, step::stop_source, step::reach_source, step::plan_retirement, step::pivot_stream,
                 step::await_stream_served});
  return steps;
}

}  // namespace ms2m
