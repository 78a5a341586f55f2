// Shadow: from here the source works on its own queue, and everything that it gets goes to the target's queue too.
#include "steps/relay.hpp"

#include <fmt/format.h>

#include "handover/queue_names.hpp"
#include "handover/waits.hpp"
#include "steps/guards.hpp"
#include "steps/steps.hpp"

namespace ms2m {

std::optional<std::uint64_t> outstanding(Run& run, const std::string& queue, const StopToken& stop) {
  if (!run.facts.admin_version) return std::nullopt;
  const auto totals = run.ports.admin.totals(queue, stop);
  if (!totals) return std::nullopt;
  return totals->ready + totals->unacked;
}

namespace {

void send(Run& run, const std::string& control, const std::string& message, const StopToken& stop) {
  run.ports.broker.publish({"", control, message, "application/json", ""}, stop);
}

/// From here the source works on its own queue, fed by the pump, and everything it gets goes to the target's queue too.
void run_relay(Run& run, const StopToken& stop) {
  const Plan& plan = run.plan;
  // What the valve held must be in its place before the relay takes it up, in order.
  if (run.valve) run.valve->open();
  run.valve.reset();
  send(run, plan.target_control_queue, start_replay(run.names.target, "target", plan.id), stop);
  send(run, plan.source_control_queue, start_replay(run.names.source, "source", plan.id), stop);
  wait_for_depth(
      run.ports.broker, run.names.source, [](const QueueDepth& d) { return d.consumers > 0; },
      "waiting for the source to serve on",
      stop.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.quiet * 4)));
  PumpSpec spec;
  spec.from = plan.queue;
  spec.exchange = run.names.tee;
  spec.follow = run.names.source;
  spec.way_back = way_back_of(run.names.tee);
  spec.horizon = run.request.dead_man / 2;
  if (run.request.relay_window > 0) spec.max_window = run.request.relay_window;
  if (run.facts.admin_version)
    spec.outstanding = [&admin = run.ports.admin, queue = run.names.source]() -> std::optional<std::uint64_t> {
      const auto totals = admin.totals(queue, StopToken().within(std::chrono::seconds(2)));
      if (!totals) return std::nullopt;
      return totals->ready + totals->unacked;
    };
  spec.may_go_on = [dead_man = run.dead_man.get()] { return !dead_man->fired(); };
  spec.pace = {kThrottledShare, run.request.downtime_limit / 2, kShortMove};
  check_guards(run);
  run.pump = run.ports.broker.start_pump(spec, stop);
  run.serving_again_at = Clock::now();
  run.tell(Phase::checkpointing, fmt::format("pod {} serves on, {} relays", plan.source_pod, run.names.tee));
  run.phase_note = "source made quiet, kubelet checkpoint API, relay started";
}

std::vector<Announced> announce_relay(const Move& move) {
  return {{fmt::format("relay {} through {} to source and target", move.plan.queue, queue_names(move.plan.id).tee)}};
}

}  // namespace

const Step step::start_relay{Phase::checkpointing, announce_relay, run_relay};

}  // namespace ms2m
