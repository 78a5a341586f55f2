#include "steps/checkpoint.hpp"

#include <fmt/format.h>

#include <cmath>
#include <future>

#include "handover/queue_names.hpp"
#include "journal/operation.hpp"
#include "kube/objects/container_state.hpp"
#include "ms2m/error.hpp"
#include "plan/pages.hpp"

namespace ms2m {
namespace {

bool serves_pages(const Plan& plan) { return plan.procedure.memory_follows(); }

std::string checkpoint_line(const Plan& plan) {
  return fmt::format("checkpoint container {} on {}{}{}", plan.container, plan.source_node,
                     plan.procedure.checkpoint == CheckpointBy::runtime ? " by its OCI runtime" : "",
                     serves_pages(plan) ? ", its memory kept back" : "");
}

/// The node's clock now, at the earliest; archives are named by it.
std::optional<std::int64_t> node_time(const NodeLook& look) {
  if (!look.clock_ahead) return std::nullopt;
  const auto now = std::chrono::duration_cast<Seconds>(BootClock::now().time_since_epoch());
  return static_cast<std::int64_t>(std::floor((now + *look.clock_ahead).count()));
}

int journal_archive(const TakeCheckpoint& at, const std::string& path) {
  const auto removal = op::RemoveArchive{at.move.plan.source_node, path};
  return at.journal.effect(at.phase, "archive " + path, removal, removal);
}

}  // namespace

/// (First the archive is looked for, then, when the kubelet has named it, removed by its name: the same words.)
std::vector<Announced> TakeCheckpoint::announce(const Move& move) {
  const Plan& plan = move.plan;
  if (plan.procedure.checkpoint == CheckpointBy::runtime) {
    const op::RemoveDump removal{plan.source_node, plan.id};
    op::RemoveDump undo = removal;
    if (serves_pages(plan)) undo.at = Stage::clear_way;  // the source stands still for it
    return {{checkpoint_line(plan), undo, removal}};
  }
  const op::RemoveArchive removal{plan.source_node, ""};
  return {{checkpoint_line(plan), removal, removal}};
}

namespace {

std::string container_id(const TakeCheckpoint& at) {
  const auto state = container_state(at.move.facts.pod, at.move.plan.container);
  return state ? state->id : "";
}

DumpResult dump(const TakeCheckpoint& at, const StopToken& stop) {
  const Plan& plan = at.move.plan;
  const std::string container = container_id(at);
  if (!serves_pages(plan)) return at.dumps.take(plan.source_node, plan.id, container, stop);
  return at.dumps.take_without_pages(plan.source_node, plan.id, container, longest_serving(at.move.request.timeouts),
                                     stop);
}

double megabytes(Bytes bytes) { return static_cast<double>(bytes.count) / 1e6; }

void by_runtime(const TakeCheckpoint& at, const StopToken& stop) {
  const Plan& plan = at.move.plan;
  for (const Announced& each : TakeCheckpoint::announce(at.move))
    at.checkpoint.removal = journal_announced(at.journal, at.phase, each);
  const DumpResult taken = dump(at, stop);
  at.checkpoint.is = RuntimeDump{plan.id};
  at.checkpoint.pages = taken.pages;
  if (serves_pages(plan))
    return tell(at.observer, at.phase,
                fmt::format("dump of {:.1f} MB after {} ms; the source stands still until {:.1f} MB of its memory have "
                            "been fetched",
                            megabytes(taken.bytes), taken.frozen.count(), megabytes(taken.pages)));
  tell(at.observer, at.phase,
       fmt::format("dump of {:.1f} MB, in which the source stood still for {} ms", megabytes(taken.bytes),
                   taken.frozen.count()));
}

/// containerd leaves a container paused whose checkpoint by the kubelet is given up. Its node sees to that when we are
/// gone, and is asked to when the kubelet has failed.
class Attendance {
 public:
  Attendance(const TakeCheckpoint& at, const StopToken& stop)
      : at_(at), is_(at.move.plan.procedure.source_runtime.starts_with("containerd://")) {
    if (!is_) return;
    container_ = container_id(at);
    at_.processes.attend_checkpoint(at_.move.plan.source_node, container_, false, stop);
  }
  void over(const StopToken& stop) const {
    if (!is_) return;
    try {
      at_.processes.attend_checkpoint(at_.move.plan.source_node, container_, true, stop);
    } catch (const Error&) {  // a session that is lost looks after it by itself, and whoever needs it will say so
    }
  }
  /// Also when we are to stop: the source is to run.
  void mend() const noexcept {
    if (!is_) return;
    try {
      if (at_.processes.mend_checkpoint(at_.move.plan.source_node, container_, StopToken().within(kMending)))
        tell(at_.observer, at_.phase, "source was left paused by its container runtime; resumed");
    } catch (const Error& error) {
      warn(at_.observer, fmt::format("the source may have been left paused: {}", error.what()), error.remedy());
    } catch (const std::exception&) {  // its session looks after it when it ends
    }
  }

 private:
  static constexpr std::chrono::seconds kMending{75};
  const TakeCheckpoint& at_;
  const bool is_;
  std::string container_;
};

void by_kubelet(const TakeCheckpoint& at, const StopToken& stop) {
  const Plan& plan = at.move.plan;
  // Until the answer names the archive. Anybody may make checkpoints of the same container.
  const auto search = op::RemoveArchives{plan.source_node,
                                         at.move.facts.archive_directory,
                                         plan.ns,
                                         plan.source_pod,
                                         plan.container,
                                         at.move.facts.archives_before,
                                         node_time(at.move.facts.source.look),
                                         container_id(at)};
  const int asked = at.journal.effect(at.phase, checkpoint_line(plan), search, search);
  std::string path;
  const Attendance attendance(at, stop);
  try {
    path = at.cluster.checkpoint(plan.source_node, plan.ns, plan.source_pod, plan.container, stop).path;
  } catch (const NoCheckpoint& refused) {
    attendance.mend();
    if (!refused.cut_off().empty()) journal_archive(at, refused.cut_off());
    at.journal.settled(asked, true, "the node made none");
    throw;
  } catch (...) {
    attendance.mend();
    throw;
  }
  at.checkpoint.is = KubeletArchive{path};
  at.checkpoint.removal = journal_archive(at, path);
  at.journal.settled(asked, true, "the kubelet named it");
  attendance.over(stop);
  tell(at.observer, at.phase, "checkpoint " + path);
}

}  // namespace

void TakeCheckpoint::now(const StopToken& stop) const {
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(move.request.timeouts.checkpoint));
  if (move.plan.procedure.checkpoint == CheckpointBy::runtime)
    by_runtime(*this, limit);
  else
    by_kubelet(*this, limit);
}

const char* maker_of_checkpoint(const Plan& plan) {
  return plan.procedure.checkpoint == CheckpointBy::runtime ? "checkpoint by the OCI runtime"
                                                            : "kubelet checkpoint API";
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

void checkpoint_on_hold(const TakeCheckpoint& take, Broker& broker, const StopToken& stop) {
  keep_on_hold(broker, take.move, stop);
  auto dump = std::async(std::launch::async, [&] { take.now(stop); });
  // One that subscribes has taken the first before it was frozen. This one finds it frozen, and waits.
  if (dump.wait_for(kLongFreeze) == std::future_status::timeout) keep_on_hold(broker, take.move, stop);
  dump.get();
  if (serves_pages(take.move.plan)) keep_on_hold(broker, take.move, stop);  // it stands still for longer
}

Ran CheckpointQuiet::run(const StopToken& stop) const {
  checkpoint_on_hold(take, broker, stop);
  // Had it left the hold queue before it was frozen, the copy would wake up taking messages.
  still_quiet.check(1, stop);
  return {fmt::format("source made quiet, {}", maker_of_checkpoint(take.move.plan))};
}

}  // namespace ms2m
