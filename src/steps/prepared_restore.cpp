#include "steps/prepared_restore.hpp"

#include <fmt/format.h>

#include "handover/prepared_restore.hpp"
#include "journal/operation.hpp"
#include "kube/objects/pod_state.hpp"
#include "steps/transfer.hpp"

namespace ms2m {
namespace {

/// Beside the time limits of what happens until the restore.
constexpr Seconds kSpare{600};

std::vector<Announced> prepared_lines(const Plan& plan) {
  const op::RemoveRestore removal{plan.target_node, plan.id};
  std::vector<Announced> all{{fmt::format("prepare restore {} on {}", plan.id, plan.target_node),
                              op::TakeBackRestore{plan.target_node, plan.id},
                              {}},
                             {"", removal, removal}};
  for (const Announced& each : left_in_registry(plan)) all.push_back(each);
  return all;
}

/// Of those that run before the source is made quiet, one after the other.
Seconds time_of_hooks(const MigrationRequest& request) {
  const auto before = std::count_if(request.hooks.begin(), request.hooks.end(),
                                    [](const Hook& hook) { return hook.at == HookPoint::before_quiet; });
  return static_cast<double>(before) * request.hook_limit;
}

}  // namespace

std::vector<Announced> PrepareRestore::announce(const Move& move) { return prepared_lines(move.plan); }

Ran PrepareRestore::run(const StopToken& stop) const {
  const Plan& plan = move.plan;
  const StepTimeouts& times = move.request.timeouts;
  for (const Announced& each : prepared_lines(plan)) journal_announced(journal, Phase::preparing, each);
  restores.prepare(plan.target_node, plan.id, {plan.ns, plan.target_pod, plan.container, source_image_id(move.facts)},
                   restore_wait(move.facts.target.kubelet_patience),
                   times.quiet + times.restore + (1.0 + plan.procedure.rounds) * (times.checkpoint + times.transfer) +
                       time_of_hooks(move.request) + kSpare,
                   stop);
  return {};
}

std::vector<Announced> BindCopy::announce(const Move& move) {
  return {{fmt::format("bind restore {} to pod {} when that waits", move.plan.id, move.plan.target_pod)}};
}

Ran BindCopy::run(const StopToken& stop) const {
  const Plan& plan = move.plan;
  const ObjectRef ref{Kind::pod, plan.ns, plan.target_pod};
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(move.request.timeouts.restore));
  copy.addresses = addresses_of(
      bind_when_waiting({cluster, restores, inspector}, {plan.target_node, plan.id}, ref, plan.container, limit));
  copy.since = Clock::now();
  tell(observer, Phase::preparing, fmt::format("pod {} is ready for its data", plan.target_pod));
  return {};
}

std::vector<Announced> BringData::announce(const Move& move) {
  return {{fmt::format("stream the archive to {}:{}{}, unpacked", move.plan.target_node,
                       move.plan.target_landing.directory, way_text(move.plan))}};
}

/// Where the target does not know any more what was carried before, all of it once more.
MoveResult BringData::carried(const MoveRequest& request, const StopToken& stop) const {
  try {
    return carrier.move(request, progress_to(observer), stop);
  } catch (const Error& error) {
    if (request.round == Round::none || error.kind() != ErrorKind::inconsistent) throw;
    tell(observer, kPhase, fmt::format("all of the memory is carried: {}", error.what()));
  }
  MoveRequest whole = request;
  whole.round = Round::none;
  return carrier.move(whole, progress_to(observer), stop);
}

Ran BringData::run(const StopToken& stop) const {
  const Plan& plan = move.plan;
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(move.request.timeouts.transfer));
  MoveRequest request = move_request(move, dials, checkpoint.is, Unpack::restore, observer);
  if (plan.procedure.rounds > 0) request.round = Round::last;
  const LastWay way(plan, dials);
  const MoveResult moved = carried(request, limit);
  bytes = moved.bytes;
  carriage = moved.carriage;
  travelled = moved.travelled;
  data.sha256 = moved.sha256;
  guards.check();
  tell(observer, Phase::transferring, fmt::format("the data of {} is on {}", plan.target_pod, plan.target_node));
  if (moved.pages == 0) return {carried_text(moved) + ", unpacked on the way"};
  pages = CarriedPages{moved.pages, moved.differing};
  return {fmt::format("{}, {} of {} pages of memory", carried_text(moved), moved.differing, moved.pages)};
}

}  // namespace ms2m
