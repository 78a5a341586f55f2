// --replay fanout: the published procedure, kept to reproduce published timings and for comparison. It is NOT exact:
// what is in the primary at the bind and not processed before the freeze is lost, what is processed between bind and
// freeze is doubled, and a cut-off loses what is left (rabbitmq-facts.md section 2).
#include "strategy/strategy.hpp"
#include "strategy/wiring.hpp"

namespace ms2m {

Steps fanout_steps() {
  return {step::take_lease,        step::create_target_pod,   step::declare_queues, step::await_target_waiting,
          step::bind_replay_queue, step::checkpoint_anywhere, step::transfer,       step::restore_on_replay,
          step::replay_or_cut_off, step::plan_retirement,     step::switch_over};
}

}  // namespace ms2m
