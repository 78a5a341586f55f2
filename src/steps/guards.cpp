#include "steps/guards.hpp"

#include <fmt/format.h>

#include "handover/arrival.hpp"
#include "handover/waits.hpp"
#include "kube/objects/controllers.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "plan/autoscalers.hpp"

namespace ms2m {
namespace {

void check_dead_man(const DeadMan* dead_man) {
  if (dead_man == nullptr || !dead_man->fired()) return;
  if (const auto away = dead_man->away())
    throw Error(
        ErrorKind::inconsistent,
        fmt::format("ms2m did not run for {:.0f} s (stopped, or its machine suspended), and the dead man's switch "
                    "has fired: the source is at work again",
                    Seconds(*away).count()),
        "run ms2m where nothing stops it, or give it more time with --deadman");
  throw Error(ErrorKind::inconsistent, "the dead man's switch has fired: the source is at work again",
              "give it more time with --deadman");
}

/// A pod that came because there are to be more of them now is no stray of ours.
void check_not_scaled_up(const Move& move, Cluster& cluster, const StopToken& stop) {
  const auto before = scaled_workload(move.facts);
  if (!before) return;
  const Kind kind = before->kind == "Deployment"    ? Kind::deployment
                    : before->kind == "StatefulSet" ? Kind::stateful_set
                                                    : Kind::replica_set;
  std::optional<Json> now;
  try {
    now = cluster.get({kind, move.plan.ns, before->name}, stop);
  } catch (const Error&) {
    return;  // what is wrong at the broker is said all the same
  }
  const int replicas = now ? replicas_wanted(*now) : 0;
  if (replicas <= before->replicas) return;
  const auto active = active_autoscalers(move.facts, *before, move.request.place);
  throw Error(ErrorKind::inconsistent,
              fmt::format("{} {} was scaled from {} to {} in the middle of the move: a new pod consumes {} besides",
                          before->kind, before->name, before->replicas, replicas, move.plan.queue),
              active.empty() ? "let the number of pods be until the move is done, and run ms2m again"
                             : fmt::format("pause {}: {}; and run ms2m again", active[0].words, active[0].pause));
}

}  // namespace

void check_valve(const Valve& valve) {
  if (!valve.broken()) return;
  if (valve.full())
    throw Error(ErrorKind::failed, "more messages came than the valve may hold: --max-held, --max-held-bytes",
                "raise them (the broker holds these messages in its memory meanwhile), or wait until the consumer has "
                "caught up");
  throw Error(ErrorKind::unavailable, "the valve broke: its connection was lost");
}

void Guards::check() const {
  check_dead_man(own.dead_man.get());  // the first cause: what was held has been returned because of it
  if (own.pump && own.pump->broken()) throw Error(ErrorKind::unavailable, "the relay broke: " + own.pump->failure());
  if (own.valve) check_valve(*own.valve);
  if (own.memory) own.memory->check();
}

std::uint64_t PrimaryWatch::uninvited(std::uint64_t ours, const StopToken& stop) const {
  if (!source.addresses.empty()) {
    std::vector<std::string> both = source.addresses;
    both.insert(both.end(), copy.addresses.begin(), copy.addresses.end());
    return Peers(admin, both).named(move.plan.queue, stop);
  }
  const std::uint64_t count = depth_of(broker, move.plan.queue, stop).consumers;
  return count > source.others + ours ? count - source.others - ours : 0;
}

void PrimaryWatch::check(std::uint64_t ours, const StopToken& stop) const {
  if (uninvited(ours, stop) == 0) return;
  check_not_scaled_up(move, cluster, stop);
  throw Error(
      ErrorKind::inconsistent,
      fmt::format(
          "a consumer came to {} by itself: the source or its copy, after it had lost its connection, or a new one",
          move.plan.queue),
      "let the consumer go on with the queue that it was last told of when it connects again (ms2m-protocol(7)), and "
      "run ms2m again");
}

std::string SourceProcess::instance(const StopToken& stop) const {
  const auto pod = cluster.get({Kind::pod, plan.ns, plan.source_pod}, stop);
  if (!pod || pod_uid(*pod) != plan.source_uid) throw Error(ErrorKind::inconsistent, "the source pod is gone");
  return instance_in(*pod, plan.container);
}

std::string SourceProcess::instance_as_in(const Json& seen, const StopToken& stop) const {
  std::string now = instance(stop);
  if (now != instance_in(seen, plan.container))
    throw Error(ErrorKind::inconsistent, "the source's container was started again since ms2m looked at it",
                "run ms2m again");
  return now;
}

void SourceProcess::check(const QuietSource& source, const StopToken& stop) const {
  if (instance(stop) != source.instance)
    throw Error(
        ErrorKind::inconsistent,
        "the source's container was started again during the migration: its memory is gone, as without a migration");
}

void StillQuiet::check(std::uint64_t on_hold, const StopToken& stop) const {
  const std::string hold = primary.move.names().hold;
  guards.check();
  process.check(primary.source, stop);
  const TimePoint begin = Clock::now();
  bool waited = false;
  try {
    wait_until(
        [&] {
          guards.check();
          primary.check(guards.own.valve ? 1 : 0, stop);
          const bool there = primary.broker.depth(hold, stop).value_or(QueueDepth{}).consumers >= on_hold;
          waited = waited || !there;
          return there;
        },
        "waiting for the source to come back to " + hold,
        stop.within(std::chrono::duration_cast<Clock::duration>(primary.move.request.timeouts.quiet)));
  } catch (const Error& error) {
    process.check(primary.source, stop);  // the first cause
    if (error.kind() != ErrorKind::timeout || stop.remaining(Millis{1}) == Millis{0}) throw;
    throw Error(ErrorKind::inconsistent,
                fmt::format("the source is not quiet any more: {} consumers are missing on {}, and have not come back",
                            on_hold, hold),
                "a connection that is lost while the process stands still must be made again within --quiet-timeout");
  }
  if (!waited) return;
  tell(observer, Phase::checkpointing,
       fmt::format("consumers of {} were away for {:.1f} s and came back", hold, seconds_between(begin, Clock::now())));
  process.check(primary.source, stop);
}

}  // namespace ms2m
