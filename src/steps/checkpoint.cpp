#include "steps/checkpoint.hpp"

#include <fmt/format.h>

#include <cmath>
#include <future>

#include "handover/queue_names.hpp"
#include "journal/operation.hpp"
#include "ms2m/error.hpp"

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

void journal_archive(Journal& journal, const std::string& node, const std::string& path) {
  const auto removal = op::RemoveArchive{node, path};
  journal.effect(Phase::checkpointing, "archive " + path, removal, removal);
}

}  // namespace

/// (First the archive is looked for, then, when the kubelet has named it, removed by its name: the same words.)
std::vector<Announced> TakeCheckpoint::announce(const Move& move) {
  const auto removal = op::RemoveArchive{move.plan.source_node, ""};
  return {{checkpoint_line(move.plan), removal, removal}};
}

void TakeCheckpoint::now(const StopToken& stop) const {
  const Plan& plan = move.plan;
  // Until the answer names the archive. Anybody may make checkpoints of the same container.
  const auto search = op::RemoveArchives{
      plan.source_node,           move.facts.archive_directory,     plan.ns, plan.source_pod, plan.container,
      move.facts.archives_before, node_time(move.facts.source.look)};
  const int asked = journal.effect(Phase::checkpointing, checkpoint_line(plan), search, search);
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(move.request.timeouts.checkpoint));
  try {
    archive.path = cluster.checkpoint(plan.source_node, plan.ns, plan.source_pod, plan.container, limit).path;
  } catch (const NoCheckpoint& refused) {
    if (!refused.cut_off().empty()) journal_archive(journal, plan.source_node, refused.cut_off());
    journal.settled(asked, true, "the node made none");
    throw;
  }
  journal_archive(journal, plan.source_node, archive.path);
  journal.settled(asked, true, "the kubelet named it");
  tell(observer, Phase::checkpointing, "checkpoint " + archive.path);
}

namespace {

/// A freeze that lasts so long may last longer than the connection's heartbeats.
constexpr std::chrono::seconds kLongFreeze{2};

/// Its connection may be lost while it is frozen: then this is what it reads when it comes back.
void keep_on_hold(Broker& broker, const Move& move, const StopToken& stop) {
  broker.publish({"", move.plan.source_control_queue, start_replay(move.names().hold, "hold", move.plan.id),
                  "application/json", ""},
                 stop);
}

}  // namespace

Ran CheckpointQuiet::run(const StopToken& stop) const {
  keep_on_hold(broker, take.move, stop);
  auto dump = std::async(std::launch::async, [&] { take.now(stop); });
  // One that subscribes has taken the first before it was frozen. This one finds it frozen, and waits.
  if (dump.wait_for(kLongFreeze) == std::future_status::timeout) keep_on_hold(broker, take.move, stop);
  dump.get();
  // Had it left the hold queue before it was frozen, the copy would wake up taking messages.
  still_quiet.check(1, stop);
  return {"source made quiet, kubelet checkpoint API"};
}

}  // namespace ms2m
