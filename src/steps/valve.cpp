#include "steps/valve.hpp"

#include <fmt/format.h>

#include "handover/waits.hpp"
#include "ms2m/error.hpp"
#include "plan/limits.hpp"

namespace ms2m {
namespace {

/// A consumer that polls its control queue only when its own queue is empty never looks while it is saturated.
void warn_of_valve(const Run& run) {
  run.warn("the source does not look at its control queue: closing the valve",
           "let the consumer subscribe to its control queue");
}

}  // namespace

bool close_valve_in_time(Run& run, const StopToken& stop) {
  auto valve = run.ports.broker.close_valve(run.plan.queue, run.request.max_held, stop);
  if (valve->ready_at_closing() > kStrictOrderReady) return false;
  warn_of_valve(run);
  run.valve = std::move(valve);
  return true;
}

void close_valve(Run& run, const StopToken& stop) {
  const bool deaf = run.plan.procedure.protocol == Protocol::control;  // it was told to listen elsewhere
  const auto certify = [&](std::uint64_t ready) {
    if (ready <= kStrictOrderReady) return;
    if (!run.request.allow_reorder)
      throw Error(ErrorKind::failed,
                  fmt::format("{}with {} messages waiting the valve cannot keep their order",
                              deaf ? "the source does not look at its control queue, and " : "", ready),
                  fmt::format("{}wait until fewer than 150 messages wait, or pass --allow-reorder",
                              deaf ? "let the consumer subscribe to its control queue, " : ""));
    run.measures.overtaken_at_most = ready - kStrictOrderReady;
  };
  certify(certain_depth(run.ports.broker, run.ports.admin, run.plan.queue, stop).value_or(QueueDepth{}).ready);
  if (deaf) warn_of_valve(run);
  run.valve = run.ports.broker.close_valve(run.plan.queue, run.request.max_held, stop);
  certify(run.valve->ready_at_closing());
}

}  // namespace ms2m
