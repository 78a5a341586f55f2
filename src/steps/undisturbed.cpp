#include "steps/undisturbed.hpp"

#include <fmt/format.h>

#include "handover/waits.hpp"
#include "ms2m/error.hpp"
#include "steps/guards.hpp"

namespace ms2m {
namespace {

/// Exact for classic queues. The valve's count is read first and only grows: when the broker counts no more than that
/// as unacknowledged, nothing that was delivered to the source is.
bool only_the_valve_holds(Run& run, std::uint64_t& of_the_source, const StopToken& stop) {
  const std::uint64_t held = run.valve->held();
  const auto totals = run.ports.admin.totals(run.plan.queue, stop);
  if (!totals) {
    depth_of(run.ports.broker, run.plan.queue, stop);  // the broker itself says whether it is gone
    throw Error(ErrorKind::unavailable, "RabbitMQ's management API cannot count the messages of " + run.plan.queue);
  }
  of_the_source = totals->unacked > held ? totals->unacked - held : 0;
  return totals->ready == 0 && totals->unacked == held;
}

}  // namespace

void wait_until_only_the_valve_holds(Run& run, const StopToken& stop) {
  std::uint64_t of_the_source = 0;
  try {
    while (!only_the_valve_holds(run, of_the_source, stop)) {
      check_guards(run);
      stop.sleep(Millis{2}, "waiting until the source has acknowledged what it was sent");
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout) throw;
    throw Error(ErrorKind::failed, fmt::format("the source keeps about {} messages unacknowledged", of_the_source),
                "give it more time with --quiet-timeout, or a smaller prefetch count; a consumer that acknowledges in "
                "batches never gets there");
  }
}

void check_undisturbed(Run& run, const StopToken& stop) {
  wait_until_only_the_valve_holds(run, stop.within(std::chrono::seconds(5)));
  // After the count: what came before it has been read, so a flood in it was seen.
  check_guards(run);
  if (const auto flooded = run.valve->flooded(); flooded && *flooded >= *run.quiet_at)
    throw Error(ErrorKind::failed,
                "more than 150 messages came within half a second: whether the broker served the source with one of "
                "them cannot be told",
                "run ms2m again when fewer arrive, or let the consumer follow ms2m-protocol(7)");
  check_source_instance(run, stop);
}

}  // namespace ms2m
