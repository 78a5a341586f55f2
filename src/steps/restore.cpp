#include "steps/restore.hpp"

#include <fmt/format.h>

#include "base/ids.hpp"
#include "handover/prepared_restore.hpp"
#include "handover/waits.hpp"
#include "kube/objects/patches.hpp"
#include "kube/objects/pod_state.hpp"
#include "kube/objects/traits.hpp"
#include "plan/pages.hpp"
#include "steps/memory_flow.hpp"
#include "steps/transfer.hpp"

namespace ms2m {

Arrival arrival_of(const Move& move, const std::string& queue, std::uint64_t consumers, std::uint64_t ours) {
  const bool control = move.plan.procedure.protocol == Protocol::control;
  Arrival arrival{queue, consumers, control ? move.plan.target_control_queue : "", addresses_of(move.facts.pod), ours};
  // On one node and in its network the two have one address.
  if (move.plan.source_node == move.plan.target_node && on_host_network(move.facts.pod)) arrival.strangers.clear();
  return arrival;
}

std::vector<Announced> Restore::announce(const Move& move) {
  const Plan& plan = move.plan;
  if (plan.procedure.by_handler())
    return {
        {fmt::format("let the runtime handler on {} restore pod {}{}", plan.target_node, plan.target_pod,
                     plan.procedure.memory_follows() ? fmt::format(", its memory from {}'s on {}{}", plan.source_pod,
                                                                   plan.source_node, compression_text(plan.procedure))
                                                     : "")}};
  return {{fmt::format("annotate pod {} so that the kubelet restores it", plan.target_pod)}};
}

void Restore::let_begin(const StopToken& stop) const {
  const Plan& plan = move.plan;
  const auto begin = [&] { restores.ready(plan.target_node, plan.id, data.sha256, stop); };
  if (plan.procedure.pages == Pages::files) return begin();
  PagesRequest request{plan.source_node, plan.id, plan.target_node, checkpoint.pages, dials.bandwidth()};
  request.per_second_now = [&dials = dials] { return dials.bandwidth(); };
  request.compress = plan.procedure.compression;
  request.lazy = plan.procedure.pages == Pages::lazy;
  if (request.lazy) {
    own.memory = std::make_unique<MemoryFlow>(carrier, request, progress_to(observer, Phase::finalizing), dials,
                                              longest_serving(move.request.timeouts));
    return own.memory->let_begin(begin, stop);
  }
  const ProgressFn told = progress_to(observer, Phase::restoring);
  const auto watched = [&](const MoveProgress& progress) {
    guards.check();
    told(progress);
  };
  const Bytes come = carrier.bring_pages(request, begin, watched, stop);
  dials.close_bandwidth("too late: the memory has been carried");
  tell(observer, Phase::restoring,
       fmt::format("{:.1f} MB of the source's memory are in the copy's", static_cast<double>(come.count) / 1e6));
}

Ran Restore::on(const std::string& queue, std::uint64_t consumers, const StopToken& stop) const {
  const Plan& plan = move.plan;
  const ObjectRef ref{Kind::pod, plan.ns, plan.target_pod};
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(move.request.timeouts.restore));
  const auto on_its_way = [this](bool kubelet) {
    line.waits_for({kubelet ? WaitFor::pod_start : WaitFor::runtime, "the copy to run"});
  };
  ToldByNode told;
  if (plan.procedure.by_handler()) {
    let_begin(limit);
    told = [this, on_its_way](const StopToken& until) {
      return await_restored(restores, {move.plan.target_node, move.plan.id}, until, on_its_way);
    };
  } else {
    // Any change of the pod makes the kubelet look again instead of backing off.
    cluster.patch(ref, PatchType::merge, kick_patch(now_rfc3339()), limit);
  }

  // (Without the control protocol the copy itself comes to the primary; in the published procedure the source never
  // leaves it; a stream is anybody's.)
  const bool nobody_else =
      primary.source.since && move.plan.procedure.protocol == Protocol::control && !move.plan.procedure.of_stream();
  const std::uint64_t ours = (guards.own.valve ? 1 : 0) + (guards.own.pump ? 1 : 0);
  std::optional<TimePoint> ran;
  on_its_way(!told);
  living.instance = wait_restored(
      cluster, broker, admin, ref, plan.container, arrival_of(move, queue, consumers, queue == plan.queue ? ours : 0),
      [&](bool now_running) {
        if (now_running) {
          ran = Clock::now();
          line.waits_for({WaitFor::consumer, "the copy to connect"});
          tell(observer, Phase::restoring, "container " + plan.container + " is running");
        }
        guards.check();
        if (nobody_else) primary.check(ours, limit);
      },
      limit, told);
  line.waits_for();
  living.reconnect = ran ? Clock::now() - *ran : Seconds(0);  // it had connected before it was seen running
  tell(observer, Phase::restoring, fmt::format("pod {} lives and talks to the broker", plan.target_pod));
  if (plan.procedure.pages == Pages::lazy)
    return {"CRIU restore by the runtime handler, reconnected to the broker; its memory follows"};
  if (plan.procedure.memory_follows())
    return {
        fmt::format("CRIU restore by the runtime handler, {:.1f} MB from the source's memory, reconnected to the "
                    "broker",
                    static_cast<double>(checkpoint.pages.count) / 1e6)};
  return {plan.procedure.by_handler() ? "CRIU restore by the runtime handler, reconnected to the broker"
                                      : "CRIU restore in the waiting pod, reconnected to the broker"};
}

/// It wakes up listening to the hold queue; should it not, this sends it there before it consumes anything.
Ran RestoreOnHold::run(const StopToken& stop) const {
  const Move& move = restore.move;
  const QueueNames names = move.names();
  restore.broker.publish(
      {"", move.plan.target_control_queue, start_replay(names.hold, "hold", move.plan.id), "application/json", ""},
      stop);
  return restore.on(names.hold, 2, stop);
}

/// It was told to before it was restored.
Ran RestoreOnRelay::run(const StopToken& stop) const {
  const Ran ran = restore.on(restore.move.names().target, 1, stop);
  restore.guards.check();
  return ran;
}

}  // namespace ms2m
