#include "steps/relay.hpp"

#include <fmt/format.h>

#include "handover/queue_names.hpp"
#include "handover/waits.hpp"
#include "steps/checkpoint.hpp"

namespace ms2m {

std::optional<std::uint64_t> outstanding(const Facts& facts, BrokerAdmin& admin, const std::string& queue,
                                         const StopToken& stop) {
  if (!facts.admin_version) return std::nullopt;
  const auto totals = admin.totals(queue, stop);
  if (!totals) return std::nullopt;
  return totals->ready + totals->unacked;
}

namespace {

void send(Broker& broker, const std::string& control, const std::string& message, const StopToken& stop) {
  broker.publish({"", control, message, "application/json", ""}, stop);
}

}  // namespace

Ran StartRelay::run(const StopToken& stop) const {
  const QueueNames names = move.names();
  const Plan& plan = move.plan;
  // What the valve held must be in its place before the relay takes it up, in order.
  if (valve) valve->open();
  valve.reset();
  send(broker, plan.target_control_queue, start_replay(names.target, "target", plan.id), stop);
  send(broker, plan.source_control_queue, start_replay(names.source, "source", plan.id), stop);
  wait_for_depth(
      broker, names.source, [](const QueueDepth& d) { return d.consumers > 0; }, "waiting for the source to serve on",
      stop.within(std::chrono::duration_cast<Clock::duration>(move.request.timeouts.quiet * 4)));
  PumpSpec spec;
  spec.from = plan.queue;
  spec.exchange = names.tee;
  spec.follow = names.source;
  spec.way_back = way_back_of(names.tee);
  spec.horizon = move.request.dead_man / 2;
  if (move.request.relay_window > 0) spec.max_window = move.request.relay_window;
  if (move.facts.admin_version)
    spec.outstanding = [&admin = admin, queue = names.source]() -> std::optional<std::uint64_t> {
      const auto totals = admin.totals(queue, StopToken().within(std::chrono::seconds(2)));
      if (!totals) return std::nullopt;
      return totals->ready + totals->unacked;
    };
  if (move.facts.queue && move.facts.queue->type == "quorum")
    spec.leader = [&admin = admin, queue = plan.queue] {
      return admin.leader(queue, StopToken().within(std::chrono::seconds(2)));
    };
  spec.may_go_on = [dead_man = guards.own.dead_man.get()] { return !dead_man->fired(); };
  spec.pace = {kThrottledShare, move.request.downtime_limit / 2, kShortMove};
  guards.check();
  pump = broker.start_pump(spec, stop);
  times.serving_again = Clock::now();
  tell(observer, Phase::checkpointing, fmt::format("pod {} serves on, {} relays", plan.source_pod, names.tee));
  return {fmt::format("source made quiet, {}, relay started", maker_of_checkpoint(plan))};
}

std::vector<Announced> StartRelay::announce(const Move& move) {
  return {{fmt::format("relay {} through {} to source and target", move.plan.queue, move.names().tee)}};
}

}  // namespace ms2m
