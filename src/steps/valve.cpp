#include "steps/valve.hpp"

#include <fmt/format.h>

#include "handover/waits.hpp"
#include "ms2m/error.hpp"
#include "plan/limits.hpp"

namespace ms2m {
namespace {

/// A consumer that polls its control queue only when its own queue is empty never looks while it is saturated.
void warn_of_valve(Observer& observer) {
  warn(observer, "the source does not look at its control queue: closing the valve",
       "let the consumer subscribe to its control queue");
}

}  // namespace

bool CloseValve::in_time(const StopToken& stop) const {
  auto closed = broker.close_valve(move.plan.queue, move.request.max_held, stop);
  if (closed->ready_at_closing() > kStrictOrderReady) return false;
  warn_of_valve(observer);
  valve = std::move(closed);
  return true;
}

void CloseValve::now(const StopToken& stop) const {
  const bool deaf = move.plan.procedure.protocol == Protocol::control;  // it was told to listen elsewhere
  const auto certify = [&](std::uint64_t ready) {
    if (ready <= kStrictOrderReady) return;
    if (!move.request.allow_reorder)
      throw Error(ErrorKind::failed,
                  fmt::format("{}with {} messages waiting the valve cannot keep their order",
                              deaf ? "the source does not look at its control queue, and " : "", ready),
                  fmt::format("{}wait until fewer than 150 messages wait, or pass --allow-reorder",
                              deaf ? "let the consumer subscribe to its control queue, " : ""));
    overtaken_at_most = ready - kStrictOrderReady;
  };
  certify(certain_depth(broker, admin, move.plan.queue, stop).value_or(QueueDepth{}).ready);
  if (deaf) warn_of_valve(observer);
  valve = broker.close_valve(move.plan.queue, move.request.max_held, stop);
  certify(valve->ready_at_closing());
}

}  // namespace ms2m
