#include "steps/restore.hpp"

#include <fmt/format.h>

#include "base/ids.hpp"
#include "handover/queue_names.hpp"
#include "handover/waits.hpp"
#include "kube/objects/names.hpp"
#include "kube/objects/pod_state.hpp"
#include "steps/guards.hpp"
#include "steps/steps.hpp"

namespace ms2m {

Arrival arrival_of(const Run& run, const std::string& queue, std::uint64_t consumers, std::uint64_t ours) {
  const bool control = run.plan.procedure.protocol == Protocol::control;
  Arrival arrival{queue, consumers, control ? run.plan.target_control_queue : "", addresses_of(run.facts.pod), ours};
  // On one node and in its network the two have one address.
  if (run.plan.source_node == run.plan.target_node && run.facts.pod.at("spec").value("hostNetwork", false))
    arrival.strangers.clear();
  return arrival;
}

void restore(Run& run, const std::string& queue, std::uint64_t consumers, const StopToken& stop) {
  const Plan& plan = run.plan;
  const ObjectRef ref{Kind::pod, plan.ns, plan.target_pod};
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.restore));
  // Any change of the pod makes the kubelet look again instead of backing off.
  const Json kick{{"metadata", {{"annotations", {{kKickAnnotation, now_rfc3339()}}}}}};
  run.ports.cluster.patch(ref, PatchType::merge, kick, limit);

  // (Without the control protocol the copy itself comes to the primary; in the published procedure the source never
  // leaves it.)
  const bool nobody_else = run.quiet_at && run.plan.procedure.protocol == Protocol::control;
  const std::uint64_t ours = (run.valve ? 1 : 0) + (run.pump ? 1 : 0);
  run.target_instance = wait_restored(
      run.ports, ref, plan.container, arrival_of(run, queue, consumers, queue == plan.queue ? ours : 0),
      [&](bool now_running) {
        if (now_running) run.tell(Phase::restoring, "container " + plan.container + " is running");
        check_guards(run);
        if (nobody_else) check_nobody_came(run, ours, limit);
      },
      limit);
  run.tell(Phase::restoring, fmt::format("pod {} lives and talks to the broker", plan.target_pod));
  run.phase_note = "CRIU restore in the waiting pod, reconnected to the broker";
}

namespace {

std::vector<Announced> announce_kick(const Move& move) {
  return {{fmt::format("annotate pod {} so that the kubelet restores it", move.plan.target_pod)}};
}

/// It wakes up listening to the hold queue; should it not, this sends it there before it consumes anything.
void restore_on_hold(Run& run, const StopToken& stop) {
  run.ports.broker.publish(
      {"", run.plan.target_control_queue, start_replay(run.names.hold, "hold", run.plan.id), "application/json", ""},
      stop);
  restore(run, run.names.hold, 2, stop);
}

/// It was told to before it was restored.
void restore_on_relay(Run& run, const StopToken& stop) {
  restore(run, run.names.target, 1, stop);
  check_guards(run);
}

}  // namespace

const Step step::restore_on_hold{Phase::restoring, announce_kick, ms2m::restore_on_hold};
const Step step::restore_on_relay{Phase::restoring, announce_kick, ms2m::restore_on_relay};

}  // namespace ms2m
