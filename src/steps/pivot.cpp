// The one step after which the target owns the queue.
#include <fmt/format.h>

#include <algorithm>

#include "handover/arrival.hpp"
#include "handover/queue_names.hpp"
#include "handover/waits.hpp"
#include "journal/operation.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "steps/guards.hpp"
#include "steps/restore.hpp"
#include "steps/steps.hpp"
#include "undo/hand_over.hpp"

namespace ms2m {
namespace {

/// A target that comes, works and goes again takes longer: its container has to be started again for that.
constexpr Millis kBlink{2000};

std::string pivot_line(const Plan& plan) {
  return fmt::format("pivot: take the dead man's message and send {} to {}, in one transaction", plan.target_pod,
                     plan.queue);
}

std::vector<Announced> announce_pivot(const Move& move) {
  const Plan& plan = move.plan;
  return {
      {pivot_line(plan), {}, op::ResumeTarget{plan.ns, plan.target_pod, plan.target_control_queue, plan.queue, ""}}};
}

std::vector<Announced> announce_disarm(const Move&) {
  return {{"pivot: take the dead man's message; from here the move is completed, by a resume if need be"}};
}

/// Since the source became quiet nothing has left the primary but what was relayed.
void measure_arrivals(Run& run) {
  if (run.other_consumers > 0) return;
  const double arrived = static_cast<double>(*run.measures.held + run.measures.relayed.value_or(0)) -
                         static_cast<double>(run.ready_at_quiet);
  run.measures.arrival_rate = std::max(0.0, arrived) / std::max(1e-3, seconds_between(*run.quiet_at, Clock::now()));
}

/// What the hand-over rests on; seen once already, when the copy had been restored.
void check_target_lives(Run& run, const StopToken& stop) {
  const Plan& plan = run.plan;
  const auto pod = run.ports.cluster.get({Kind::pod, plan.ns, plan.target_pod}, stop);
  if (pod_is_lost(pod ? &*pod : nullptr))
    throw Error(ErrorKind::inconsistent, fmt::format("the target pod {}/{} is gone", plan.ns, plan.target_pod));
  run.target_addresses = addresses_of(*pod);
  if (instance_in(*pod, plan.container) != run.target_instance)
    throw Error(ErrorKind::inconsistent,
                "the target's container was started again: what it had done since the checkpoint is gone");
  check_runs_on(&*pod, plan.target_pod, plan.container);
  if (!ArrivalWatch(run.ports.broker, run.ports.admin, arrival_of(run, run.names.hold, 2, 0)).there(stop))
    throw Error(ErrorKind::inconsistent, "the target does not listen to " + run.names.hold + " any more");
}

void commit_pivot(Run& run, std::vector<Outgoing> messages, std::uint64_t on_hold, const StopToken& stop) {
  check_still_quiet(run, on_hold, stop);
  run.measures.dead_man_margin = Seconds(run.dead_man->margin());
  run.measures.held =
      run.valve ? run.valve->held() : run.ports.broker.depth(run.plan.queue, stop).value_or(QueueDepth{}).ready;
  measure_arrivals(run);
  run.journal.mark(Mark::pivot_intent);
  run.dead_man->stop_renewing();
  messages.push_back({"", run.names.pivot, Json{{"pivoted", run.plan.id}}.dump(), "application/json", ""});
  if (run.ports.broker.pivot(run.names.dead_man, messages, stop) == PivotResult::fired)
    throw Error(ErrorKind::inconsistent, "the dead man's switch has fired: the source is at work again",
                "give it more time with --deadman");
  run.journal.mark(Mark::pivoted);
}

void run_pivot(Run& run, const StopToken& stop) {
  const Plan& plan = run.plan;
  const std::string message = end_replay("target", plan.id);
  check_target_lives(run, stop);
  run.journal.effect(
      Phase::replaying, pivot_line(plan), {},
      op::ResumeTarget{plan.ns, plan.target_pod, plan.target_control_queue, plan.queue, message, run.other_consumers,
                       arrival_of(run, plan.queue, 1, 0).strangers, plan.container, run.target_instance,
                       run.source_addresses.empty() ? std::vector<std::string>{} : run.target_addresses,
                       run.plan.procedure.relays(), run.request.timeouts.serve});
  commit_pivot(run, {{"", plan.target_control_queue, message, "application/json", ""}}, 2, stop);
  run.tell(Phase::replaying, "pivot: pod " + plan.target_pod + " owns queue " + plan.queue);
}

void run_disarm(Run& run, const StopToken& stop) {
  commit_pivot(run, {}, 1, stop);
  run.tell(Phase::transferring, "pivot: from here the checkpoint owns queue " + run.plan.queue);
}

void run_serving(Run& run, const StopToken& stop) {
  HandOver what = hand_over_of(run.journal.effect_with<op::ResumeTarget>()->operation);
  const std::uint64_t ours = run.valve && what.arrival.copy.empty() ? 1 : 0;
  what.arrival.consumers += ours;
  what.arrival.ours += ours;
  Millis unseen{0};
  try {
    // From here on the target owns the queue: an interruption no longer turns back.
    await_service(run.ports, what, stop, &unseen);
  } catch (const Error& error) {
    // Any other error is ms2m's own: what the target did meanwhile nobody has seen.
    const bool looked = error.kind() == ErrorKind::timeout || error.kind() == ErrorKind::inconsistent;
    run.hand_over = looked && unseen < kBlink ? Handed::unserved : Handed::unknown;
    throw;
  }
  run.hand_over = Handed::served;
  if (run.valve) run.valve->open();
  run.target_at = Clock::now();
  run.phase_note =
      run.measures.relayed
          ? fmt::format("{} messages relayed, {} had waited at the pivot", *run.measures.relayed, *run.measures.held)
          : fmt::format("{} messages had waited in {}", *run.measures.held, run.plan.queue);
}

}  // namespace

const Step step::pivot{Phase::replaying, announce_pivot, run_pivot};
const Step step::disarm{Phase::transferring, announce_disarm, run_disarm};
const Step step::await_target_serving{Phase::replaying, nothing, run_serving};

}  // namespace ms2m
