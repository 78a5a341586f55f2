#include "steps/hybrid.hpp"

#include <fmt/format.h>

#include "handover/queue_names.hpp"
#include "handover/waits.hpp"
#include "ms2m/error.hpp"
#include "steps/lease.hpp"
#include "steps/movable.hpp"

namespace ms2m {
namespace {

constexpr Millis kLook{2};

Announced rest_of(const Move& move) {
  return {
      fmt::format("send {} from stream {} to the empty queue {} for its checkpoint: nothing is under way in it then",
                  move.plan.source_pod, move.plan.queue, move.names().hold),
      StreamSides::way_back(move)};
}

Clock::duration quiet_time(const Move& move) {
  return std::chrono::duration_cast<Clock::duration>(move.request.timeouts.quiet);
}

}  // namespace

std::vector<Announced> RestSource::announce(const Move& move) { return {rest_of(move)}; }

Ran RestSource::run(const StopToken& stop) const {
  const Move& move = sides.move;
  set_lease_phase(sides.cluster, move.plan, kPhase, stop);
  check_consumer_named(move, admin, observer, stop);
  sides.source_at_work(stop);
  quiet.instance = process.instance_as_in(move.facts.pod, stop);
  journal_announced(journal, kPhase, rest_of(move));
  const ConsumerStatus status = sides.source_halted([this] { guards.check(); }, stop);
  quiet.since = Clock::now();
  measures.stream = StreamOffsets{.first = status.first, .checkpoint = status.offset};
  tell(observer, kPhase, fmt::format("pod {} rests at offset {}", move.plan.source_pod, status.offset));
  return {};
}

/// Its connection may have been lost while it was frozen: it makes another one, and is on the hold queue again.
Ran CheckpointResting::run(const StopToken& given) const {
  checkpoint_on_hold(take, sides.broker, given);
  const Move& move = sides.move;
  const StopToken stop = given.within(quiet_time(move));
  ConsumerStatus status = sides.source(stop);
  for (; status.queue != move.names().hold; status = sides.source(stop)) {
    guards.check();
    stop.sleep(kLook, "waiting for the source to be on the hold queue after its checkpoint");
  }
  process.check(quiet, stop);
  guards.check();
  if (status.offset != measures.stream->checkpoint)
    throw Error(ErrorKind::inconsistent,
                fmt::format("pod {} was to rest at offset {} for its checkpoint, and is at {}", move.plan.source_pod,
                            measures.stream->checkpoint, status.offset),
                "the consumer must not take from the stream while it was sent to another queue (ms2m-protocol(7))");
  return {fmt::format("source rested, {}", maker_of_checkpoint(move.plan))};
}

std::vector<Announced> SourceGoesOn::announce(const Move& move) {
  return {{fmt::format("send {} on in stream {} with role \"source\"", move.plan.source_pod, move.plan.queue)}};
}

Ran SourceGoesOn::run(const StopToken& given) const {
  const Plan& plan = sides.move.plan;
  const StopToken stop = given.within(quiet_time(sides.move));
  sides.broker.publish(
      {"", plan.source_control_queue, start_replay(plan.queue, "source", plan.id), "application/json", ""}, stop);
  while (sides.source(stop).queue != plan.queue) {
    guards.check();
    stop.sleep(kLook, "waiting for the source to go on in the stream");
  }
  times.serving_again = Clock::now();
  tell(observer, kPhase, fmt::format("pod {} serves on", plan.source_pod));
  return {};
}

std::vector<Announced> RestoreResting::announce(const Move& move) {
  std::vector<Announced> lines = Restore::announce(move);
  lines.push_back(
      {fmt::format("send {} into stream {} after the checkpoint's offset, no further than the source, with "
                   "role \"target\"",
                   move.plan.target_pod, move.plan.queue)});
  return lines;
}

Ran RestoreResting::run(const StopToken& stop) const {
  const Move& move = sides.move;
  const std::string hold = move.names().hold;
  const std::int64_t offset = measures.stream->checkpoint;
  sides.broker.publish(
      {"", move.plan.target_control_queue, start_replay(hold, "hold", move.plan.id), "application/json", ""}, stop);
  const Ran ran = restore.on(hold, 1, stop);
  sides.let_read_until(offset, stop);
  // From now on the hold queue tells of the source.
  if (sides.by_command())
    wait_for_depth(
        sides.broker, hold, [](const QueueDepth& depth) { return depth.consumers == 0; },
        "waiting for the copy to leave the hold queue", stop.within(quiet_time(move)));
  const ConsumerStatus status = sides.target(restore.living, stop);
  if (status.offset != offset)
    throw Error(ErrorKind::inconsistent,
                fmt::format("the checkpoint was made at offset {} of {}, and the copy is at {}", offset,
                            move.plan.queue, status.offset),
                "its offset must be in its memory, and it must not apply a message after \"until\" (ms2m-protocol(7))");
  return ran;
}

}  // namespace ms2m
