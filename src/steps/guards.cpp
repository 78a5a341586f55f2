// What must stay as it is while a migration goes on.
#include "steps/guards.hpp"

#include <fmt/format.h>

#include "handover/arrival.hpp"
#include "handover/waits.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "plan/autoscalers.hpp"

namespace ms2m {

/// Of the consumers of the primary, those that are the source's or its copy's.
std::uint64_t uninvited(const Run& run, std::uint64_t ours, const StopToken& stop) {
  if (!run.source_addresses.empty()) {
    std::vector<std::string> both = run.source_addresses;
    both.insert(both.end(), run.target_addresses.begin(), run.target_addresses.end());
    return Peers(run.ports.admin, both).named(run.plan.queue, stop);
  }
  const std::uint64_t count = depth_of(run.ports.broker, run.plan.queue, stop).consumers;
  return count > run.other_consumers + ours ? count - run.other_consumers - ours : 0;
}

std::string instance_of(Run& run, const StopToken& stop) {
  const auto pod = run.ports.cluster.get({Kind::pod, run.plan.ns, run.plan.source_pod}, stop);
  if (!pod || pod_uid(*pod) != run.plan.source_uid) throw Error(ErrorKind::inconsistent, "the source pod is gone");
  return instance_in(*pod, run.plan.container);
}

void check_dead_man(const Run& run) {
  if (!run.dead_man || !run.dead_man->fired()) return;
  if (const auto away = run.dead_man->away())
    throw Error(
        ErrorKind::inconsistent,
        fmt::format("ms2m did not run for {:.0f} s (stopped, or its machine suspended), and the dead man's switch "
                    "has fired: the source is at work again",
                    Seconds(*away).count()),
        "run ms2m where nothing stops it, or give it more time with --deadman");
  throw Error(ErrorKind::inconsistent, "the dead man's switch has fired: the source is at work again",
              "give it more time with --deadman");
}

void check_guards(const Run& run) {
  check_dead_man(run);  // the first cause: what was held has been returned because of it
  if (run.pump && run.pump->broken()) throw Error(ErrorKind::unavailable, "the relay broke: " + run.pump->failure());
  if (run.valve && run.valve->broken())
    throw Error(ErrorKind::unavailable, "the valve broke: its connection was lost, or it held more than --max-held");
}

namespace {

/// A pod that came because there are to be more of them now is no stray of ours.
void check_not_scaled_up(const Run& run, const StopToken& stop) {
  const auto before = scaled_workload(run.facts);
  if (!before) return;
  const Kind kind = before->kind == "Deployment"    ? Kind::deployment
                    : before->kind == "StatefulSet" ? Kind::stateful_set
                                                    : Kind::replica_set;
  std::optional<Json> now;
  try {
    now = run.ports.cluster.get({kind, run.plan.ns, before->name}, stop);
  } catch (const Error&) {
    return;  // what is wrong at the broker is said all the same
  }
  const int replicas = now ? now->value("spec", Json::object()).value("replicas", 1) : 0;
  if (replicas <= before->replicas) return;
  const auto active = active_autoscalers(run.facts, *before, run.request.place);
  throw Error(ErrorKind::inconsistent,
              fmt::format("{} {} was scaled from {} to {} in the middle of the move: a new pod consumes {} besides",
                          before->kind, before->name, before->replicas, replicas, run.plan.queue),
              active.empty() ? "let the number of pods be until the move is done, and run ms2m again"
                             : fmt::format("pause {}: {}; and run ms2m again", active[0].words, active[0].pause));
}

}  // namespace

void check_nobody_came(const Run& run, std::uint64_t ours, const StopToken& stop) {
  if (uninvited(run, ours, stop) == 0) return;
  check_not_scaled_up(run, stop);
  throw Error(
      ErrorKind::inconsistent,
      fmt::format(
          "a consumer came to {} by itself: the source or its copy, after it had lost its connection, or a new one",
          run.plan.queue),
      "let the consumer go on with the queue that it was last told of when it connects again (ms2m-protocol(7)), and "
      "run ms2m again");
}

void check_source_instance(Run& run, const StopToken& stop) {
  if (instance_of(run, stop) != run.source_instance)
    throw Error(
        ErrorKind::inconsistent,
        "the source's container was started again during the migration: its memory is gone, as without a migration");
}

void check_still_quiet(Run& run, std::uint64_t on_hold, const StopToken& stop) {
  check_guards(run);
  check_source_instance(run, stop);
  const TimePoint begin = Clock::now();
  bool waited = false;
  try {
    wait_until(
        [&] {
          check_guards(run);
          check_nobody_came(run, run.valve ? 1 : 0, stop);
          const bool there = run.ports.broker.depth(run.names.hold, stop).value_or(QueueDepth{}).consumers >= on_hold;
          waited = waited || !there;
          return there;
        },
        "waiting for the source to come back to " + run.names.hold,
        stop.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.quiet)));
  } catch (const Error& error) {
    check_source_instance(run, stop);  // the first cause
    if (error.kind() != ErrorKind::timeout || stop.remaining(Millis{1}) == Millis{0}) throw;
    throw Error(ErrorKind::inconsistent,
                fmt::format("the source is not quiet any more: {} consumers are missing on {}, and have not come back",
                            on_hold, run.names.hold),
                "a connection that is lost while the process stands still must be made again within --quiet-timeout");
  }
  if (!waited) return;
  run.tell(Phase::checkpointing, fmt::format("consumers of {} were away for {:.1f} s and came back", run.names.hold,
                                             seconds_between(begin, Clock::now())));
  check_source_instance(run, stop);
}

}  // namespace ms2m
