// The source becomes quiet: nothing that was delivered to it is unacknowledged, and it listens to the hold queue.
#include <fmt/format.h>

#include "handover/arrival.hpp"
#include "handover/queue_names.hpp"
#include "handover/waits.hpp"
#include "journal/operation.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "plan/limits.hpp"
#include "steps/guards.hpp"
#include "steps/movable.hpp"
#include "steps/steps.hpp"
#include "steps/valve.hpp"

namespace ms2m {
namespace {

/// From here on the backlog of a source that does not answer is about to outgrow the valve: it is closed while it still
/// can.
constexpr std::uint64_t kGrowingReady = 50;
constexpr Millis kAnswersAtOnce{200};

/// What can be seen of the source; `ready` of the primary.
struct Sight {
  bool quiet = false;
  std::uint64_t ready = 0;
};

Sight look(Run& run, const StopToken& stop) {
  const auto hold = run.ports.broker.depth(run.names.hold, stop).value_or(QueueDepth{});
  const auto primary = depth_of(run.ports.broker, run.plan.queue, stop);
  return {hold.consumers > 0 && uninvited(run, run.valve ? 1 : 0, stop) == 0, primary.ready};
}

/// False: the source has not answered at once and its backlog grows to where the valve would come too late.
bool wait_quiet(Run& run, bool to_the_end, const StopToken& stop) {
  const TimePoint begin = Clock::now();
  for (;;) {
    const Sight sight = look(run, stop);
    if (sight.quiet) return true;
    check_guards(run);
    const bool growing = sight.ready >= kGrowingReady && sight.ready <= kStrictOrderReady;
    if (!to_the_end && run.other_consumers == 0 && growing && Clock::now() - begin > kAnswersAtOnce) return false;
    stop.sleep(Clock::now() - begin < std::chrono::milliseconds(500) ? Millis{2} : Millis{10},
               "waiting for the source to become quiet");
  }
}

/// Whether it has taken the command makes the difference.
[[noreturn]] void never_quiet(const Run& run, const StopToken& stop) {
  const std::string& control = run.plan.source_control_queue;
  if (run.ports.broker.depth(control, stop.within(std::chrono::seconds(5))).value_or(QueueDepth{}).ready > 0)
    throw Error(ErrorKind::timeout, "the source did not come to its control queue " + control,
                "let the consumer subscribe to it, slow down the publishers, or raise --quiet-timeout");
  throw Error(ErrorKind::timeout,
              fmt::format("the source took START_REPLAY from {} and did not consume {} instead of {}", control,
                          run.names.hold, run.plan.queue),
              "it must leave its queue for the one that it is sent to, and take that as it is or declare it durable "
              "and without arguments (ms2m-protocol(7)); if it is slow, raise --quiet-timeout");
}

/// First by what the source was told; the valve helps one that is too busy to look.
void await_quiet(Run& run, const StopToken& stop) {
  const StopToken all = stop.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.quiet * 4));
  const StopToken patience = all.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.quiet));
  const auto with_valve = [&] {
    try {
      wait_quiet(run, true, all);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::timeout) throw;
      never_quiet(run, stop);
    }
  };
  try {
    if (!wait_quiet(run, false, patience)) {
      if (close_valve_in_time(run, all)) return with_valve();
      wait_quiet(run, true, patience);
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout || run.valve) throw;
    close_valve(run, all);
    with_valve();
  }
}

/// One consumer of the primary comes from the source's pod, so nothing hides the addresses.
std::vector<std::string> known_by(const Run& run, const StopToken& stop) {
  if (!run.request.allow_competing || !run.facts.admin_version || run.plan.is_rename) return {};
  std::vector<std::string> addresses = addresses_of(run.facts.pod);
  if (addresses.empty() || Peers(run.ports.admin, addresses).named(run.plan.queue, stop) != 1) return {};
  return addresses;
}

Announced quiet_of(const Plan& plan, std::uint64_t others, const std::vector<std::string>& addresses) {
  const QueueNames names = queue_names(plan.id);
  return {fmt::format("send {} to the empty queue {}", plan.source_pod, names.hold),
          op::ResumeSource{plan.ns, plan.source_pod, plan.source_uid, plan.source_control_queue, plan.queue, names.hold,
                           plan.procedure.relays() ? names.source : "", others, plan.target_pod, addresses}};
}

std::vector<Announced> announce_quiet(const Move& move) { return {quiet_of(move.plan, 0, {})}; }

void run_quiesce(Run& run, const StopToken& stop) {
  const Plan& plan = run.plan;
  run.set_lease_phase(Phase::checkpointing, stop);
  check_consumer_named(run, stop);
  run.other_consumers = run.facts.depth && run.facts.depth->consumers > 1 ? run.facts.depth->consumers - 1 : 0;
  run.source_addresses = known_by(run, stop);
  journal_announced(run, Phase::checkpointing, quiet_of(plan, run.other_consumers, run.source_addresses));
  run.ports.broker.publish(
      {"", plan.source_control_queue, start_replay(run.names.hold, "hold", plan.id), "application/json", ""}, stop);
  await_quiet(run, stop);
  run.quiet_at = Clock::now();
  run.ready_at_quiet =
      run.valve ? run.valve->held() : run.ports.broker.depth(plan.queue, stop).value_or(QueueDepth{}).ready;
  run.source_instance = instance_of(run, stop);
  run.tell(Phase::checkpointing, fmt::format("pod {} is quiet", plan.source_pod));
}

}  // namespace

const Step step::quiesce_source{Phase::checkpointing, announce_quiet, run_quiesce};

}  // namespace ms2m
