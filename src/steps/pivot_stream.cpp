#include <fmt/format.h>

#include "handover/queue_names.hpp"
#include "journal/operation.hpp"
#include "ms2m/error.hpp"
#include "steps/pivot.hpp"
#include "steps/replay.hpp"
#include "undo/stream_operations.hpp"

namespace ms2m {
namespace {

Announced pivot_of(const Move& move) {
  const Plan& plan = move.plan;
  return {
      fmt::format("pivot: take the dead man's message and send {} on in {}, in one transaction", plan.target_pod,
                  plan.queue),
      {},
      op::ServeStream{plan.ns, plan.target_pod, plan.target_control_queue, plan.queue, end_replay("target", plan.id),
                      move.request.timeouts.serve, !move.request.offset_command.empty()}};
}

}  // namespace

std::vector<Announced> PivotStream::announce(const Move& move) { return {pivot_of(move)}; }

Ran PivotStream::run(const StopToken& stop) const {
  const Move& move = sides.move;
  const Plan& plan = move.plan;
  Announced pivot = pivot_of(move);
  auto& end = std::get<op::ServeStream>(*pivot.finish);
  if (plan.procedure.moves_memory()) {
    end.container = plan.container;
    end.instance = living.instance;
  }
  StreamOffsets& offsets = *measures.stream;
  const ConsumerStatus source = sides.source(stop), target = sides.target(living, stop);
  if (source.queue != move.names().hold || source.offset != offsets.stop || target.offset != offsets.stop)
    throw Error(ErrorKind::inconsistent,
                fmt::format("source and target do not stand at offset {} any more, but at {} and {}", offsets.stop,
                            source.offset, target.offset));
  offsets.cut_over = target.offset;
  guards.check();
  measures.dead_man_margin = Seconds(guards.own.dead_man->margin());
  journal_announced(journal, kPhase, pivot);
  if (plan.procedure.by_handler()) journal.effect(kPhase, "", {}, op::CompleteRestore{plan.target_node, plan.id});
  commit_in_one(move, sides.broker, journal, *guards.own.dead_man,
                {{"", plan.target_control_queue, end.message, "application/json", ""}}, stop);
  tell(observer, kPhase,
       fmt::format("pivot: pod {} goes on in {} after offset {}", plan.target_pod, plan.queue, offsets.cut_over));
  return {};
}

Ran AwaitStreamServed::run(const StopToken& stop) const {
  const auto given = journal.effect_with<op::ServeStream>();
  try {
    await_stream_served(sides.cluster, sides.broker, given->operation, stop);
  } catch (const Error& error) {
    const bool looked = error.kind() == ErrorKind::timeout || error.kind() == ErrorKind::inconsistent;
    handed = looked ? Handed::unserved : Handed::unknown;
    throw;
  }
  handed = Handed::served;
  times.target = Clock::now();
  const StreamOffsets& offsets = *measures.stream;
  return {fmt::format("source stopped at offset {}, target took over at {}", offsets.stop, offsets.cut_over)};
}

}  // namespace ms2m
