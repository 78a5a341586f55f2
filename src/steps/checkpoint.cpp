#include "steps/checkpoint.hpp"

#include <fmt/format.h>

#include <cmath>
#include <future>

#include "handover/queue_names.hpp"
#include "journal/operation.hpp"
#include "ms2m/error.hpp"
#include "steps/guards.hpp"
#include "steps/steps.hpp"

namespace ms2m {
namespace {

std::string checkpoint_line(const Plan& plan) {
  return fmt::format("checkpoint container {} on {}", plan.container, plan.source_node);
}

/// The node's clock now, at the earliest; archives are named by it.
std::optional<std::int64_t> node_time(const NodeLook& look) {
  if (!look.clock_ahead) return std::nullopt;
  const auto now = std::chrono::duration_cast<Seconds>(BootClock::now().time_since_epoch());
  return static_cast<std::int64_t>(std::floor((now + *look.clock_ahead).count()));
}

void journal_archive(Run& run, const std::string& path) {
  const auto removal = op::RemoveArchive{run.plan.source_node, path};
  run.journal.effect(Phase::checkpointing, "archive " + path, removal, removal);
}

}  // namespace

/// (First the archive is looked for, then, when the kubelet has named it, removed by its name: the same words.)
std::vector<Announced> announce_checkpoint(const Move& move) {
  const auto removal = op::RemoveArchive{move.plan.source_node, ""};
  return {{checkpoint_line(move.plan), removal, removal}};
}

void take_checkpoint(Run& run, const StopToken& stop) {
  const Plan& plan = run.plan;
  // Until the answer names the archive. Anybody may make checkpoints of the same container.
  const auto search = op::RemoveArchives{
      plan.source_node,          run.facts.archive_directory,     plan.ns, plan.source_pod, plan.container,
      run.facts.archives_before, node_time(run.facts.source.look)};
  const int asked = run.journal.effect(Phase::checkpointing, checkpoint_line(plan), search, search);
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.checkpoint));
  try {
    run.archive = run.ports.cluster.checkpoint(plan.source_node, plan.ns, plan.source_pod, plan.container, limit).path;
  } catch (const NoCheckpoint& refused) {
    if (!refused.cut_off().empty()) journal_archive(run, refused.cut_off());
    run.journal.settled(asked, true, "the node made none");
    throw;
  }
  journal_archive(run, run.archive);
  run.journal.settled(asked, true, "the kubelet named it");
  run.tell(Phase::checkpointing, "checkpoint " + run.archive);
}

namespace {

/// A freeze that lasts so long may last longer than the connection's heartbeats.
constexpr std::chrono::seconds kLongFreeze{2};

/// Its connection may be lost while it is frozen: then this is what it reads when it comes back.
void keep_on_hold(Run& run, const StopToken& stop) {
  run.ports.broker.publish(
      {"", run.plan.source_control_queue, start_replay(run.names.hold, "hold", run.plan.id), "application/json", ""},
      stop);
}

void run_checkpoint(Run& run, const StopToken& stop) {
  // (The published procedure freezes it wherever it is.)
  if (!run.quiet_at) return take_checkpoint(run, stop);
  keep_on_hold(run, stop);
  auto dump = std::async(std::launch::async, [&] { take_checkpoint(run, stop); });
  // One that subscribes has taken the first before it was frozen. This one finds it frozen, and waits.
  if (dump.wait_for(kLongFreeze) == std::future_status::timeout) keep_on_hold(run, stop);
  dump.get();
  // Had it left the hold queue before it was frozen, the copy would wake up taking messages.
  check_still_quiet(run, 1, stop);
  run.phase_note = "source made quiet, kubelet checkpoint API";
}

}  // namespace

const Step step::checkpoint{Phase::checkpointing, announce_checkpoint, run_checkpoint};

}  // namespace ms2m
