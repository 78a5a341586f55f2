// Strategy handoff for a consumer that knows no control protocol (`--protocol none`). It cannot be sent to a hold
// queue, so the valve holds the messages back, and a restored copy of it goes straight to the primary queue. Two must
// never consume: the source is frozen and its connection closed before the copy can exist at all. The image gets the
// name that the waiting pod asks for only then, because a kubelet may look again without being kicked.
//
// ms2m's death before the freeze opens the valve and the source goes on; in the freeze the node thaws it, which hears
// of that death, and at a limit in any case; after the kick the valve opens for the copy. Between the last two (tenths
// of a second), or when the restore fails with nobody there to see it, `ms2m resume` is needed.
#include <fmt/format.h>

#include "handover/waits.hpp"
#include "kube/objects/names.hpp"
#include "ms2m/error.hpp"
#include "plan/limits.hpp"
#include "strategy/strategies.hpp"
#include "undo/operations.hpp"
#include "undo/uncontrolled_operations.hpp"
#include "undo/withdraw_copy.hpp"

namespace ms2m {
namespace {

/// Exact for classic queues. The valve's count is read first and only grows: when the broker counts no more than that
/// as unacknowledged, nothing that was delivered to the source is.
bool only_the_valve_holds(Run& run, std::uint64_t& of_the_source, const StopToken& stop) {
  const std::uint64_t held = run.valve->held();
  const auto totals = run.ports.admin.totals(run.plan.queue, stop);
  if (!totals) {
    depth_of(run.ports.broker, run.plan.queue, stop);  // the broker itself says whether it is gone
    throw Error(ErrorKind::unavailable, "RabbitMQ's management API cannot count the messages of " + run.plan.queue);
  }
  of_the_source = totals->unacked > held ? totals->unacked - held : 0;
  return totals->ready == 0 && totals->unacked == held;
}

void wait_until_only_the_valve_holds(Run& run, const StopToken& stop) {
  std::uint64_t of_the_source = 0;
  try {
    while (!only_the_valve_holds(run, of_the_source, stop)) {
      check_guards(run);
      stop.sleep(Millis{2}, "waiting until the source has acknowledged what it was sent");
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout) throw;
    throw Error(ErrorKind::failed, fmt::format("the source keeps about {} messages unacknowledged", of_the_source),
                "give it more time with --quiet-timeout, or a smaller prefetch count; a consumer that acknowledges in "
                "batches never gets there");
  }
}

/// Between the boundary and now nobody but the valve can have been served.
void check_undisturbed(Run& run, const StopToken& stop) {
  wait_until_only_the_valve_holds(run, stop.within(std::chrono::seconds(5)));
  // After the count: what came before it has been read, so a flood in it was seen.
  check_guards(run);
  if (const auto flooded = run.valve->flooded(); flooded && *flooded >= *run.quiet_at)
    throw Error(ErrorKind::failed,
                "more than 150 messages came within half a second: whether the broker served the source with one of "
                "them cannot be told",
                "run ms2m again when fewer arrive, or let the consumer follow ms2m-protocol(7)");
  if (instance_of(run, stop) != run.source_instance)
    throw Error(
        ErrorKind::inconsistent,
        "the source's container was started again during the migration: its memory is gone, as without a migration");
}

/// The list of consumers is up to five seconds old, so a source that has just connected is not in it yet.
void find_connection(Run& run, const StopToken& stop) {
  const StopToken limit = stop.within(std::chrono::seconds(15));
  for (;; limit.sleep(Millis{100}, "waiting for the management API to name the consumer of " + run.plan.queue)) {
    const auto facts = run.ports.admin.queue(run.plan.queue, limit);
    if (!facts || facts->consumers.size() != 1 || facts->consumers.front().connection.empty()) continue;
    const QueueConsumer& consumer = facts->consumers.front();
    refuse_unmovable(consumer, run.plan.queue);
    run.source_connection = consumer.connection;
    return;
  }
}

void drain_source(Run& run, const StopToken& stop) {
  close_valve(run, stop);
  wait_until_only_the_valve_holds(run,
                                  stop.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.quiet)));
  run.quiet_at = Clock::now();
  if (run.valve->flooded() && !run.request.allow_reorder)
    throw Error(ErrorKind::failed,
                "more than 150 messages came within half a second: the valve cannot keep the order of so many",
                "run ms2m again when fewer arrive, or pass --allow-reorder");
  run.source_instance = instance_of(run, stop);
  run.step(Phase::checkpointing,
           fmt::format("pod {} has acknowledged everything; {} messages held", run.plan.source_pod, run.valve->held()));
}

op::Frozen source_of(const Run& run) {
  // "<container ID> <restarts>"
  return {run.plan.ns, run.plan.source_pod, run.plan.source_uid, run.plan.source_node,
          run.source_instance.substr(0, run.source_instance.find(' '))};
}

/// A source that is thawed after the copy may start would be a second owner, so the limit ends here. Had it been thawed
/// before, it is frozen again; what it did meanwhile shows: it is a consumer again, or not all of the
/// queue is behind the valve.
void stay_frozen(Run& run, const op::Frozen& source, const StopToken& stop) {
  if (!run.ports.processes.freeze(source.node, source.container, {std::nullopt, AtEnd::stay}, StopToken()))
    throw Error(ErrorKind::inconsistent, "the source ended while it was frozen");
  if (depth_of(run.ports.broker, run.plan.queue, stop).consumers > 1)
    throw Error(ErrorKind::inconsistent, "the source was thawed on its node before the copy could start");
  check_undisturbed(run, stop);
}

/// Afterwards the source does nothing and is no consumer; whatever it was sent by mistake is back in the queue.
void stop_source(Run& run, const StopToken& given) {
  const StopToken stop = given.within(frozen_work(run.request));
  const Plan& plan = run.plan;
  const op::Frozen source = source_of(run);
  run.journal.effect(Phase::restoring, "freeze the source",
                     op::thaw_source(source, plan.queue, 0, plan.target_pod, plan.id), {});
  if (!run.ports.processes.freeze(source.node, source.container, {freeze_limit(run.request), AtEnd::thaw}, stop))
    throw Error(ErrorKind::inconsistent,
                fmt::format("no process of container {:.20} runs on node {}", source.container, source.node));
  check_undisturbed(run, stop);
  try {
    run.ports.admin.close_connection(run.source_connection, stop);
  } catch (Error& error) {
    if (error.kind() == ErrorKind::forbidden)
      error.with_remedy(
          "use the application's own broker user, or one with the tag administrator: only they may close its "
          "connection");
    throw;
  }
  wait_for_depth(
      run.ports.broker, plan.queue, [](const QueueDepth& d) { return d.consumers <= 1; },
      "waiting for the source's consumer to go", stop.within(std::chrono::seconds(10)));
  check_guards(run);
  stay_frozen(run, source, stop);
  run.step(Phase::restoring, fmt::format("pod {} is frozen and its connection closed", plan.source_pod));
}

void plan_forward(Run& run) {
  const Plan& plan = run.plan;
  const op::Frozen source = source_of(run);
  run.journal.effect(
      Phase::restoring, "name the image " + plan.stored_image,
      op::remove_image_name(plan.target_node, plan.stored_image),
      op::settle_image(plan.target_node, plan.stored_image, run.facts.source.image->id, plan.ns, plan.target_pod));
  run.journal.effect(Phase::restoring, "start the copy", {},
                     op::start_copy({plan.ns, plan.target_pod, plan.id, plan.container, plan.target_node,
                                     plan.stored_image, run.checkpoint_image, plan.queue}));
  if (plan.procedure.workload == Workload::replica_set)
    run.journal.effect(Phase::finalizing, "let the ReplicaSet swap the pods", {},
                       op::adopt_from_frozen(adoption_of(run), source));
  else
    run.journal.effect(Phase::finalizing, "delete the source pod", {}, op::retire_frozen(source));
  plan_image_name_removal(run);
}

void start_and_see_it_consume(Run& run, const StopToken& stop) {
  run.ports.images.point_name(run.plan.target_node, run.plan.stored_image, run.checkpoint_image, stop);
  restore(run, run.plan.queue, 2, stop);
  const auto depth = run.ports.broker.depth(run.plan.queue, stop).value_or(QueueDepth{});
  if (depth.consumers > 2)
    throw Error(ErrorKind::inconsistent,
                fmt::format("queue {} has {} consumers besides the valve", run.plan.queue, depth.consumers - 1));
}

}  // namespace

void run_uncontrolled(Run& run, std::vector<PhaseTiming>& timings, const StopToken& stop) {
  {
    PhaseScope scope(run, Phase::preparing, timings, stop);
    take_lease(run, stop);
    create_target_pod(run, stop);
    find_connection(run, stop);
    wait_target_warm(run, stop);
    if (run.request.prefer == Prefer::gap) wait_kick_works(run, stop);
  }
  {
    PhaseScope scope(run, Phase::checkpointing, timings, stop);
    run.set_lease_phase(Phase::checkpointing, stop);
    drain_source(run, stop);
    take_checkpoint(run, stop);
    check_undisturbed(run, stop);
    scope.note("valve closed, kubelet checkpoint API");
  }
  {
    PhaseScope scope(run, Phase::transferring, timings, stop);
    transfer_as(run, staged_image_name(run.plan.stored_image), stop);
    scope.note(transfer_note(run));
  }
  {
    PhaseScope scope(run, Phase::restoring, timings, stop);
    stop_source(run, stop);
    plan_forward(run);
    stop.check("restoring");
    run.journal.mark("pivoted");
    try {
      start_and_see_it_consume(run, stop);
    } catch (const std::exception&) {
      // The valve was closed all the time: whatever ran got nothing.
      if (withdraw_copy(run.ports, run.journal, !run.valve->broken(), StopToken().within(std::chrono::minutes(2))))
        run.journal.mark("turned_back");
      throw;
    }
    scope.note("source frozen, CRIU restore in the waiting pod, reconnected to the broker");
  }
  PhaseScope scope(run, Phase::replaying, timings, StopToken());
  run.measures.held = run.valve->held();
  run.valve->open();
  run.target_at = Clock::now();
  scope.note(fmt::format("{} messages had waited behind the valve", *run.measures.held));
}

}  // namespace ms2m
