#include "steps/pivot.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "handover/arrival.hpp"
#include "handover/queue_names.hpp"
#include "handover/waits.hpp"
#include "journal/operation.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "steps/restore.hpp"
#include "undo/hand_over.hpp"
#include "undo/operations.hpp"

namespace ms2m {
namespace {

/// A target that comes, works and goes again takes longer: its container has to be started again for that.
constexpr Millis kBlink{2000};
constexpr std::chrono::seconds kToldWithin{5};

std::string pivot_line(const Plan& plan) {
  return fmt::format("pivot: take the dead man's message and send {} to {}, in one transaction", plan.target_pod,
                     plan.queue);
}

}  // namespace

std::vector<Announced> Pivot::announce(const Move& move) {
  const Plan& plan = move.plan;
  return {
      {pivot_line(plan), {}, op::ResumeTarget{plan.ns, plan.target_pod, plan.target_control_queue, plan.queue, ""}}};
}

std::vector<Announced> Disarm::announce(const Move&) {
  return {{"pivot: take the dead man's message; from here the move is completed, by a resume if need be"}};
}

namespace {

/// Since the source became quiet nothing has left the primary but what was relayed.
void measure_arrivals(const QuietSource& source, Measures& measures) {
  if (source.others > 0) return;
  const double arrived =
      static_cast<double>(*measures.held + measures.relayed.value_or(0)) - static_cast<double>(source.ready);
  measures.arrival_rate = std::max(0.0, arrived) / std::max(1e-3, seconds_between(*source.since, Clock::now()));
}

/// What the hand-over rests on; seen once already, when the copy had been restored.
void check_target_lives(const Pivot& at, const StopToken& stop) {
  const Plan& plan = at.move.plan;
  const auto pod = at.cluster.get({Kind::pod, plan.ns, plan.target_pod}, stop);
  if (pod_is_lost(pod ? &*pod : nullptr))
    throw Error(ErrorKind::inconsistent, fmt::format("the target pod {}/{} is gone", plan.ns, plan.target_pod));
  at.copy.addresses = addresses_of(*pod);
  if (same_instance(instance_in(*pod, plan.container), at.living.instance) == false)
    throw Error(ErrorKind::inconsistent,
                "the target's container was started again: what it had done since the checkpoint is gone");
  check_runs_on(&*pod, plan.target_pod, plan.container, plan.procedure.by_handler() ? plan.id : "");
  if (!ArrivalWatch(at.broker, at.admin, arrival_of(at.move, at.move.names().hold, 2, 0)).there(stop))
    throw Error(ErrorKind::inconsistent, "the target does not listen to " + at.move.names().hold + " any more");
}

}  // namespace

void commit_in_one(const Move& move, Broker& broker, Journal& journal, DeadMan& dead_man,
                   std::vector<Outgoing> messages, const StopToken& stop) {
  const QueueNames names = move.names();
  journal.mark(Mark::pivot_intent);
  dead_man.stop_renewing();
  messages.push_back({"", names.pivot, Json{{"pivoted", move.plan.id}}.dump(), "application/json", ""});
  if (broker.pivot(names.dead_man, messages, stop) == PivotResult::fired)
    throw Error(ErrorKind::inconsistent, "the dead man's switch has fired: the source is at work again",
                "give it more time with --deadman");
  journal.mark(Mark::pivoted);
}

void CommitPivot::now(std::vector<Outgoing> messages, std::uint64_t on_hold, const StopToken& stop) const {
  const OwnConnections& own = still_quiet.guards.own;
  still_quiet.check(on_hold, stop);
  measures.dead_man_margin = Seconds(own.dead_man->margin());
  measures.held = own.valve ? own.valve->held() : broker.depth(move.plan.queue, stop).value_or(QueueDepth{}).ready;
  measure_arrivals(still_quiet.primary.source, measures);
  commit_in_one(move, broker, journal, *own.dead_man, std::move(messages), stop);
}

namespace {

op::CompleteRestore complete_restore(const Plan& plan) {
  op::CompleteRestore complete{plan.target_node, plan.id};
  complete.memory_follows = plan.procedure.pages == Pages::lazy;
  return complete;
}

}  // namespace

Ran Pivot::run(const StopToken& stop) const {
  const Plan& plan = move.plan;
  const std::string message = end_replay("target", plan.id);
  check_target_lives(*this, stop);
  journal.effect(
      Phase::replaying, pivot_line(plan), {},
      op::ResumeTarget{plan.ns, plan.target_pod, plan.target_control_queue, plan.queue, message, source.others,
                       arrival_of(move, plan.queue, 1, 0).strangers, plan.container, living.instance,
                       source.addresses.empty() ? std::vector<std::string>{} : copy.addresses,
                       move.plan.procedure.relays(), move.request.timeouts.serve});
  if (plan.procedure.by_handler()) journal.effect(Phase::replaying, "", {}, complete_restore(plan));
  commit.now({{"", plan.target_control_queue, message, "application/json", ""}}, 2, stop);
  times.given = Clock::now();
  tell(observer, Phase::replaying, "pivot: pod " + plan.target_pod + " owns queue " + plan.queue);
  return {};
}

std::vector<Announced> CompleteCopy::announce(const Move& move) { return {{describe(complete_restore(move.plan))}}; }

/// Whatever becomes of it, the copy serves; whoever finishes the journal does it otherwise.
Ran CompleteCopy::run(const StopToken& stop) const {
  const auto completion = journal.effect_with<op::CompleteRestore>();
  try {
    restores.done(plan.target_node, plan.id, stop.within(kToldWithin));
    journal.settled(completion->n, true, "");
  } catch (const Error& error) {
    warn(observer,
         fmt::format("node {} could not be told that pod {} owns its queue: {}", plan.target_node, plan.target_pod,
                     error.what()),
         "");
  }
  return {};
}

Ran Disarm::run(const StopToken& stop) const {
  commit.now({}, 1, stop);
  tell(observer, Phase::transferring, "pivot: from here the checkpoint owns queue " + commit.move.plan.queue);
  return {};
}

Ran AwaitTargetServing::run(const StopToken& stop) const {
  HandOver what = hand_over_of(journal.effect_with<op::ResumeTarget>()->operation);
  const std::uint64_t ours = own.valve && what.arrival.copy.empty() ? 1 : 0;
  what.arrival.consumers += ours;
  what.arrival.ours += ours;
  Millis unseen{0};
  try {
    // From here on the target owns the queue: an interruption no longer turns back.
    await_service(cluster, broker, admin, what, own.memory ? own.memory->failed() : stop, &unseen);
  } catch (const Cancelled&) {
    if (own.memory) own.memory->check();
    throw;
  } catch (const Error& error) {
    // Any other error is ms2m's own: what the target did meanwhile nobody has seen.
    const bool looked = error.kind() == ErrorKind::timeout || error.kind() == ErrorKind::inconsistent;
    handed = looked && unseen < kBlink ? Handed::unserved : Handed::unknown;
    throw;
  }
  handed = Handed::served;
  if (own.valve) own.valve->open();
  times.target = Clock::now();
  return {measures.relayed
              ? fmt::format("{} messages relayed, {} had waited at the pivot", *measures.relayed, *measures.held)
              : fmt::format("{} messages had waited in {}", *measures.held, plan.queue)};
}

}  // namespace ms2m
