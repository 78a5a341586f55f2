// The published procedure's own steps (strategy/fanout.cpp): not exact.
#include <fmt/format.h>

#include "handover/queue_names.hpp"
#include "handover/waits.hpp"
#include "journal/operation.hpp"
#include "ms2m/error.hpp"
#include "steps/checkpoint.hpp"
#include "steps/restore.hpp"
#include "steps/steps.hpp"

namespace ms2m {
namespace {

std::string replay_of(const Plan& plan) { return plan.queue + ".ms2m-replay"; }

Announced replay_queue_of(const Plan& plan) {
  const auto removal = op::DeleteQueue{replay_of(plan)};
  return {fmt::format("declare queue {} and bind it wherever {} is bound", replay_of(plan), plan.queue), removal,
          removal};
}

std::vector<Announced> announce_bind(const Move& move) { return {replay_queue_of(move.plan)}; }

void run_bind(Run& run, const StopToken& stop) {
  const std::string replay = replay_of(run.plan);
  journal_announced(run, Phase::checkpointing, replay_queue_of(run.plan));
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

void run_dump(Run& run, const StopToken& stop) {
  take_checkpoint(run, stop);
  run.phase_note = "replay queue bound, kubelet checkpoint API";
}

std::vector<Announced> announce_restore(const Move& move) {
  return {{fmt::format("annotate pod {} so that the kubelet restores it, and send it to {}", move.plan.target_pod,
                       replay_of(move.plan))}};
}

void run_restore(Run& run, const StopToken& stop) {
  run.ports.broker.publish({"", run.plan.target_control_queue, start_replay(replay_of(run.plan), "target", run.plan.id),
                            "application/json", ""},
                           stop);
  restore(run, replay_of(run.plan), 1, stop);
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

std::vector<Announced> announce_replay(const Move& move) {
  return {{fmt::format("wait until {} is empty, {} s at most, and drop the rest", replay_of(move.plan),
                       move.request.cutoff.count())}};
}

void run_replay(Run& run, const StopToken& stop) { replay_until(run, replay_of(run.plan), stop); }

Announced switch_of(const Plan& plan, std::uint64_t others) {
  return {fmt::format("send {} to {}", plan.target_pod, plan.queue),
          {},
          op::ResumeTarget{plan.ns, plan.target_pod, plan.target_control_queue, plan.queue,
                           end_replay("target", plan.id), others}};
}

std::vector<Announced> announce_switch(const Move& move) { return {switch_of(move.plan, 0)}; }

void run_switch(Run& run, const StopToken& stop) {
  const Plan& plan = run.plan;
  journal_announced(run, Phase::replaying, switch_of(plan, run.facts.depth->consumers));
  run.journal.mark(Mark::pivoted);
  run.ports.broker.publish({"", plan.target_control_queue, end_replay("target", plan.id), "application/json", ""},
                           stop);
  wait_for_depth(
      run.ports.broker, plan.queue, [](const QueueDepth& d) { return d.consumers >= 2; },
      "waiting for the target to consume " + plan.queue, StopToken().within(std::chrono::seconds(30)));
  run.target_at = Clock::now();
  run.phase_note = "replay queue worked off or cut off; this mode loses and doubles";
}

}  // namespace

const Step step::bind_replay_queue{Phase::checkpointing, announce_bind, run_bind};
const Step step::checkpoint_anywhere{Phase::checkpointing, announce_checkpoint, run_dump};
const Step step::restore_on_replay{Phase::restoring, announce_restore, run_restore};
const Step step::replay_or_cut_off{Phase::replaying, announce_replay, run_replay};
const Step step::switch_over{Phase::replaying, announce_switch, run_switch};

}  // namespace ms2m
