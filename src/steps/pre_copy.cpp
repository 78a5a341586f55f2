#include "steps/pre_copy.hpp"

#include <fmt/format.h>

#include "ms2m/error.hpp"
#include "steps/transfer.hpp"

namespace ms2m {
namespace {

/// Of what was carried before: what is more shrinks no more.
constexpr double kShrinks = 0.7;

Operation removal_of(const Checkpoint& checkpoint, const std::string& node) {
  if (const auto* dump = std::get_if<RuntimeDump>(&checkpoint)) return op::RemoveDump{node, dump->id};
  return op::RemoveArchive{node, std::get<KubeletArchive>(checkpoint).path};
}

}  // namespace

std::vector<Announced> PreCopy::announce(const Move& move) {
  std::vector<Announced> lines = TakeCheckpoint::announce(move);
  for (Announced& each : lines) each.finish.reset();  // it is removed at once
  lines.push_back({fmt::format("stream its memory to {}:{}{} while it works", move.plan.target_node,
                               move.plan.target_landing.directory, way_text(move.plan))});
  return lines;
}

/// The source was not quiet.
void PreCopy::stood_still(Seconds at_most) const {
  const auto& heartbeat = take.move.facts.heartbeat;
  done.pauses.push_back(
      {fmt::format("checkpoint for the pre-copy on {}, at most", take.move.plan.source_node), at_most});
  if (heartbeat && heartbeat->count() > 0 && at_most > Seconds(*heartbeat))
    warn(take.observer,
         fmt::format(
             "the source stood still for up to {:.1f} s at work, with heartbeats of {} s: should the broker have "
             "closed its connection, what it had not acknowledged may have been processed twice",
             at_most.count(), heartbeat->count()),
         "give its connection longer heartbeats, or use --precopy off");
}

/// Whether another one may pay.
bool PreCopy::round(const StopToken& stop) const {
  const Move& move = take.move;
  const Plan& plan = move.plan;
  const TimePoint begun = Clock::now();
  take.now(stop);
  stood_still(Clock::now() - begun);
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(move.request.timeouts.transfer));
  MoveRequest request = move_request(move, dials, take.checkpoint.is, Unpack::restore, take.observer);
  request.round = Round::early;
  const MoveResult moved = carrier.move(request, progress_to(take.observer, kPhase), limit);
  operations.run(removal_of(take.checkpoint.is, plan.source_node), stop);
  take.journal.settled(take.checkpoint.removal, true, "carried");
  done.bytes.count += moved.bytes.count;
  if (moved.travelled) done.travelled = Bytes{done.travelled.value_or(Bytes{0}).count + moved.travelled->count};
  ++done.rounds;
  if (moved.pages == 0) {
    tell(take.observer, kPhase, "CRIU's images of the memory are not understood: all of it is carried later");
    return false;
  }
  tell(take.observer, kPhase,
       fmt::format("{:.1f} MB of memory carried while the source works{}, {} of {} pages",
                   static_cast<double>(moved.bytes.count) / 1e6, compressed_text(moved), moved.differing, moved.pages));
  const bool shrinks = static_cast<double>(moved.differing) < kShrinks * static_cast<double>(moved.pages);
  return done.rounds == 1 || shrinks;
}

/// Nobody has asked for it: the move goes on without. What there is of its checkpoint is removed in the end; a dump at
/// once, because there can be one only.
void PreCopy::give_up(const Error& error, const StopToken& stop) const {
  guards.check();
  warn(take.observer, fmt::format("the pre-copy failed, and the move goes on without it: {}", error.what()),
       error.remedy());
  if (take.move.plan.procedure.checkpoint != CheckpointBy::runtime) return;
  try {
    operations.run(op::RemoveDump{take.move.plan.source_node, take.move.plan.id}, stop);
  } catch (const Error&) {  // the next checkpoint will say so
  }
}

Ran PreCopy::run(const StopToken& stop) const {
  const bool asked_for = take.move.request.precopy.has_value();
  for (unsigned left = take.move.plan.procedure.rounds; left > 0; --left) try {
      const bool more = round(stop);
      guards.check();
      if (!more) break;
    } catch (const Error& error) {
      if (asked_for) throw;
      give_up(error, stop);
      break;
    }
  return {fmt::format("{:.1f} MB of memory carried before", static_cast<double>(done.bytes.count) / 1e6)};
}

}  // namespace ms2m
