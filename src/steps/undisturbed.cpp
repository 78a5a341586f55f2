#include "steps/undisturbed.hpp"

#include <fmt/format.h>

#include "handover/waits.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

/// Exact for classic queues. The valve's count is read first and only grows: when the broker counts no more than that
/// as unacknowledged, nothing that was delivered to the source is.
bool only_the_valve_holds(const Undisturbed& at, std::uint64_t& of_the_source, const StopToken& stop) {
  const std::uint64_t held = at.guards.own.valve->held();
  const auto totals = at.admin.totals(at.plan.queue, stop);
  if (!totals) {
    depth_of(at.broker, at.plan.queue, stop);  // the broker itself says whether it is gone
    throw Error(ErrorKind::unavailable, "RabbitMQ's management API cannot count the messages of " + at.plan.queue);
  }
  of_the_source = totals->unacked > held ? totals->unacked - held : 0;
  return totals->ready == 0 && totals->unacked == held;
}

}  // namespace

void Undisturbed::wait_until_only_the_valve_holds(const StopToken& stop) const {
  std::uint64_t of_the_source = 0;
  try {
    while (!only_the_valve_holds(*this, of_the_source, stop)) {
      guards.check();
      stop.sleep(Millis{2}, "waiting until the source has acknowledged what it was sent");
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout) throw;
    throw Error(ErrorKind::failed, fmt::format("the source keeps about {} messages unacknowledged", of_the_source),
                "give it more time with --quiet-timeout, or a smaller prefetch count; a consumer that acknowledges in "
                "batches never gets there");
  }
}

void Undisturbed::check(const StopToken& stop) const {
  wait_until_only_the_valve_holds(stop.within(std::chrono::seconds(5)));
  // After the count: a flood in what came before it is known then.
  guards.own.valve->settle(stop.within(std::chrono::seconds(5)));
  guards.check();
  if (const auto flooded = guards.own.valve->flooded(); flooded && *flooded >= *source.since)
    throw Error(ErrorKind::failed,
                "more than 150 messages came at once: whether the broker served the source with one of them cannot be "
                "told",
                "run ms2m again when fewer arrive, or let the consumer follow ms2m-protocol(7)");
  process.check(source, stop);
}

}  // namespace ms2m
