#include "steps/fanout.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "handover/waits.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

std::string replay_of(const Plan& plan) { return plan.queue + ".ms2m-replay"; }

/// As far as it was told when it was planned.
std::string exchanges_of(const Move& move) {
  if (!move.facts.bindings || move.facts.bindings->empty()) return fmt::format("wherever {} is bound", move.plan.queue);
  std::set<std::string> names;
  for (const QueueBinding& binding : *move.facts.bindings) names.insert(binding.exchange);
  return fmt::format("to exchange {}, as {} is", fmt::join(names, " and "), move.plan.queue);
}

Announced replay_queue_of(const Move& move) {
  const std::string replay = replay_of(move.plan);
  const auto removal = op::DeleteQueue{replay};
  return {fmt::format("declare queue {} and bind it {}", replay, exchanges_of(move)), removal, removal};
}

}  // namespace

std::vector<Announced> BindReplayQueue::announce(const Move& move) { return {replay_queue_of(move)}; }

Ran BindReplayQueue::run(const StopToken& stop) const {
  const Plan& plan = move.plan;
  const std::string replay = replay_of(plan);
  journal_announced(journal, Phase::checkpointing, replay_queue_of(move));
  broker.declare_queue({replay, std::nullopt, std::nullopt}, stop);
  bool bound = false;
  for (const QueueBinding& binding : admin.bindings(plan.queue, stop)) {
    if (binding.exchange.empty()) continue;
    broker.bind_queue(replay, binding.exchange, binding.key, stop);
    bound = true;
  }
  if (!bound)
    throw Error(ErrorKind::refused,
                fmt::format("queue {} is bound to no exchange: there is nothing to fan out", plan.queue),
                "the exact replay (the default) needs no exchange");
  return {};
}

Ran CheckpointAnywhere::run(const StopToken& stop) const {
  take.now(stop);
  return {"replay queue bound, kubelet checkpoint API"};
}

std::vector<Announced> RestoreOnReplay::announce(const Move& move) {
  return {{fmt::format("annotate pod {} so that the kubelet restores it, and send it to {}", move.plan.target_pod,
                       replay_of(move.plan))}};
}

Ran RestoreOnReplay::run(const StopToken& stop) const {
  const Plan& plan = restore.move.plan;
  const std::string replay = replay_of(plan);
  restore.broker.publish(
      {"", plan.target_control_queue, start_replay(replay, "target", plan.id), "application/json", ""}, stop);
  return restore.on(replay, 1, stop);
}

namespace {

/// It gets nothing more, and what waits in it is lost. Else a copy that is as fast as the messages come would never be
/// done with it.
std::uint64_t cut_off(const ReplayOrCutOff& at, const std::string& replay, const StopToken& stop) {
  for (const QueueBinding& binding : at.admin.bindings(replay, stop))
    if (!binding.exchange.empty()) at.broker.unbind_queue(replay, binding.exchange, binding.key, stop);
  return at.broker.purge_queue(replay, stop);
}

}  // namespace

Ran ReplayOrCutOff::run(const StopToken& stop) const {
  const std::string replay = replay_of(move.plan);
  const TimePoint end = Clock::now() + std::chrono::duration_cast<Clock::duration>(move.request.cutoff);
  while (depth_of(broker, replay, stop).ready > 0) {
    if (Clock::now() >= end) {
      const std::uint64_t lost = cut_off(*this, replay, stop);
      warn(observer,
           fmt::format("cut off: {} messages in the replay queue are lost, and what comes until the source is gone",
                       lost),
           "the exact replay (the default) loses none");
      return {};
    }
    stop.sleep(Millis{50}, "replaying");
  }
  return {};
}

std::vector<Announced> ReplayOrCutOff::announce(const Move& move) {
  return {{fmt::format("wait until {} is empty, {} s at most, and drop the rest", replay_of(move.plan),
                       move.request.cutoff.count())}};
}

namespace {

Announced switch_of(const Plan& plan, std::uint64_t others) {
  return {fmt::format("send {} to {}", plan.target_pod, plan.queue),
          {},
          op::ResumeTarget{plan.ns, plan.target_pod, plan.target_control_queue, plan.queue,
                           end_replay("target", plan.id), others}};
}

}  // namespace

std::vector<Announced> SwitchOver::announce(const Move& move) { return {switch_of(move.plan, 0)}; }

Ran SwitchOver::run(const StopToken& stop) const {
  const Plan& plan = move.plan;
  journal_announced(journal, Phase::replaying, switch_of(plan, move.facts.depth->consumers));
  journal.mark(Mark::pivoted);
  broker.publish({"", plan.target_control_queue, end_replay("target", plan.id), "application/json", ""}, stop);
  wait_for_depth(
      broker, plan.queue, [](const QueueDepth& d) { return d.consumers >= 2; },
      "waiting for the target to consume " + plan.queue, StopToken().within(std::chrono::seconds(30)));
  times.target = Clock::now();
  return {"replay queue worked off or cut off; this mode loses and doubles"};
}

}  // namespace ms2m
