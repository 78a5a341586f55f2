#include "steps/pre_copy.hpp"

#include <fmt/format.h>

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
  lines.push_back({fmt::format("stream its memory to {}:{} while it works", move.plan.target_node,
                               move.plan.target_landing.directory)});
  return lines;
}

/// Whether another one may pay.
bool PreCopy::round(const StopToken& stop) const {
  const Move& move = take.move;
  const Plan& plan = move.plan;
  const TimePoint begun = Clock::now();
  take.now(stop);
  done.pauses.push_back(
      {fmt::format("checkpoint for the pre-copy on {}, at most", plan.source_node), Clock::now() - begun});
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(move.request.timeouts.transfer));
  const MoveResult moved =
      carrier.move({plan.source_node, take.checkpoint.is, plan.target_node, plan.target_landing.directory,
                    Unpack::restore, move.request.bandwidth, Round::early},
                   progress_to(take.observer, kPhase), limit);
  operations.run(removal_of(take.checkpoint.is, plan.source_node), stop);
  take.journal.settled(take.checkpoint.removal, true, "carried");
  guards.check();
  done.bytes.count += moved.bytes.count;
  ++done.rounds;
  if (moved.pages == 0) {
    tell(take.observer, kPhase, "CRIU's images of the memory are not understood: all of it is carried again later");
    return false;
  }
  tell(take.observer, kPhase,
       fmt::format("{:.1f} MB of memory carried while the source works, {} of {} pages",
                   static_cast<double>(moved.bytes.count) / 1e6, moved.differing, moved.pages));
  const bool shrinks = static_cast<double>(moved.differing) < kShrinks * static_cast<double>(moved.pages);
  return done.rounds == 1 || shrinks;
}

Ran PreCopy::run(const StopToken& stop) const {
  for (unsigned left = take.move.plan.procedure.rounds; left > 0; --left)
    if (!round(stop)) break;
  return {fmt::format("{:.1f} MB of memory carried before", static_cast<double>(done.bytes.count) / 1e6)};
}

}  // namespace ms2m
