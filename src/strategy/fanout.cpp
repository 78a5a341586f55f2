// --replay fanout: the published procedure, kept to reproduce published timings and for comparison. It is NOT exact:
// what is in the primary at the bind and not processed before the freeze is lost, what is processed between bind and
// freeze is doubled, and a cut-off loses what is left (rabbitmq-facts.md section 2).
#include <fmt/format.h>

#include "handover/queue_names.hpp"
#include "handover/waits.hpp"
#include "ms2m/error.hpp"
#include "strategy/strategies.hpp"
#include "undo/operations.hpp"

namespace ms2m {
namespace {

void bind_replay_queue(Run& run, const std::string& replay, const StopToken& stop) {
  run.journal.effect(Phase::checkpointing, "declare queue " + replay, op::delete_queue(replay),
                     op::delete_queue(replay));
  run.ports.broker.declare_queue({replay, std::nullopt, std::nullopt}, stop);
  bool bound = false;
  for (const QueueBinding& binding : run.ports.admin.bindings(run.plan.queue, stop)) {
    if (binding.exchange.empty()) continue;
    run.ports.broker.bind_queue(replay, binding.exchange, binding.key, stop);
    bound = true;
  }
  if (!bound)
    throw Error(ErrorKind::refused,
                fmt::format("queue {} is bound to no exchange: there is nothing to fan out", run.plan.queue),
                "the exact replay (the default) needs no exchange");
}

/// It gets nothing more, and what waits in it is lost. Else a copy that is as fast as the messages come would never be
/// done with it.
std::uint64_t cut_off(Run& run, const std::string& replay, const StopToken& stop) {
  for (const QueueBinding& binding : run.ports.admin.bindings(replay, stop))
    if (!binding.exchange.empty()) run.ports.broker.unbind_queue(replay, binding.exchange, binding.key, stop);
  return run.ports.broker.purge_queue(replay, stop);
}

/// Until the replay queue is empty (its ready messages: the published system looks at no others) or the cut-off.
void replay_until(Run& run, const std::string& replay, const StopToken& stop) {
  const TimePoint end = Clock::now() + std::chrono::duration_cast<Clock::duration>(run.request.cutoff);
  while (depth_of(run.ports.broker, replay, stop).ready > 0) {
    if (Clock::now() >= end) {
      const std::uint64_t lost = cut_off(run, replay, stop);
      run.warn(fmt::format("cut off: {} messages in the replay queue are lost, and what comes until the source is gone",
                           lost),
               "the exact replay (the default) loses none");
      return;
    }
    stop.sleep(Millis{50}, "replaying");
  }
}

}  // namespace

void run_fanout(Run& run, std::vector<PhaseTiming>& timings, const StopToken& stop) {
  const Plan& plan = run.plan;
  const std::string replay = plan.queue + ".ms2m-replay";
  {
    PhaseScope scope(run, Phase::preparing, timings, stop);
    take_lease(run, stop);
    create_target_pod(run, stop);
    declare_queues(run, stop);
    wait_target_warm(run, stop);
  }
  {
    PhaseScope scope(run, Phase::checkpointing, timings, stop);
    bind_replay_queue(run, replay, stop);
    checkpoint(run, stop);
    scope.note("replay queue bound, kubelet checkpoint API");
  }
  {
    PhaseScope scope(run, Phase::transferring, timings, stop);
    transfer(run, stop);
    scope.note(transfer_note(run));
  }
  {
    PhaseScope scope(run, Phase::restoring, timings, stop);
    run.ports.broker.publish(
        {"", plan.target_control_queue, start_replay(replay, "target", plan.id), "application/json", ""}, stop);
    restore(run, replay, 1, stop);
  }
  PhaseScope scope(run, Phase::replaying, timings, stop);
  replay_until(run, replay, stop);
  plan_retirement(run);
  const std::string message = end_replay("target", plan.id);
  run.journal.effect(
      Phase::replaying, "send the target to " + plan.queue, {},
      op::resume_target({plan.ns, plan.target_pod, plan.target_control_queue, plan.queue, run.facts.depth->consumers},
                        message));
  run.journal.mark("pivoted");
  run.ports.broker.publish({"", plan.target_control_queue, message, "application/json", ""}, stop);
  wait_for_depth(
      run.ports.broker, plan.queue, [](const QueueDepth& d) { return d.consumers >= 2; },
      "waiting for the target to consume " + plan.queue, StopToken().within(std::chrono::seconds(30)));
  run.target_at = Clock::now();
  scope.note("replay queue worked off or cut off; this mode loses and doubles");
}

}  // namespace ms2m
