#include <fmt/format.h>

#include <cmath>
#include <future>

#include "handover/arrival.hpp"
#include "handover/queue_names.hpp"
#include "handover/waits.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "plan/autoscalers.hpp"
#include "plan/limits.hpp"
#include "preflight/preflight.hpp"
#include "steps/steps.hpp"
#include "undo/operations.hpp"

namespace ms2m {
namespace {

/// From here on the backlog of a source that does not answer is about to outgrow the valve: it is closed while it still
/// can.
constexpr std::uint64_t kGrowingReady = 50;
constexpr Millis kAnswersAtOnce{200};

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

/// What can be seen of the source; `ready` of the primary.
struct Sight {
  bool quiet = false;
  std::uint64_t ready = 0;
};

Sight look(Run& run, const StopToken& stop) {
  const auto hold = run.ports.broker.depth(run.names.hold, stop).value_or(QueueDepth{});
  const auto primary = depth_of(run.ports.broker, run.plan.queue, stop);
  return {hold.consumers > 0 && uninvited(run, run.valve ? 1 : 0, stop) == 0, primary.ready};
}

/// False: the source has not answered at once and its backlog grows to where the valve would come too late.
bool wait_quiet(Run& run, bool to_the_end, const StopToken& stop) {
  const TimePoint begin = Clock::now();
  for (;;) {
    const Sight sight = look(run, stop);
    if (sight.quiet) return true;
    check_guards(run);
    const bool growing = sight.ready >= kGrowingReady && sight.ready <= kStrictOrderReady;
    if (!to_the_end && run.other_consumers == 0 && growing && Clock::now() - begin > kAnswersAtOnce) return false;
    stop.sleep(Clock::now() - begin < std::chrono::milliseconds(500) ? Millis{2} : Millis{10},
               "waiting for the source to become quiet");
  }
}

/// A consumer that polls its control queue only when its own queue is empty never looks while it is saturated.
void warn_of_valve(const Run& run) {
  run.warn("the source does not look at its control queue: closing the valve",
           "let the consumer subscribe to its control queue");
}

/// While the backlog still fits. False: it has outgrown the valve meanwhile, which is open again.
bool close_valve_in_time(Run& run, const StopToken& stop) {
  auto valve = run.ports.broker.close_valve(run.plan.queue, run.request.max_held, stop);
  if (valve->ready_at_closing() > kStrictOrderReady) return false;
  warn_of_valve(run);
  run.valve = std::move(valve);
  return true;
}

}  // namespace

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
  run.step(Phase::checkpointing, fmt::format("consumers of {} were away for {:.1f} s and came back", run.names.hold,
                                             seconds_between(begin, Clock::now())));
  check_source_instance(run, stop);
}

namespace {

/// Whether it has taken the command makes the difference.
[[noreturn]] void never_quiet(const Run& run, const StopToken& stop) {
  const std::string& control = run.plan.source_control_queue;
  if (run.ports.broker.depth(control, stop.within(std::chrono::seconds(5))).value_or(QueueDepth{}).ready > 0)
    throw Error(ErrorKind::timeout, "the source did not come to its control queue " + control,
                "let the consumer subscribe to it, slow down the publishers, or raise --quiet-timeout");
  throw Error(ErrorKind::timeout,
              fmt::format("the source took START_REPLAY from {} and did not consume {} instead of {}", control,
                          run.names.hold, run.plan.queue),
              "it must leave its queue for the one that it is sent to, and take that as it is or declare it durable "
              "and without arguments (ms2m-protocol(7)); if it is slow, raise --quiet-timeout");
}

/// First by what the source was told; the valve helps one that is too busy to look.
void await_quiet(Run& run, const StopToken& stop) {
  const StopToken all = stop.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.quiet * 4));
  const StopToken patience = all.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.quiet));
  const auto with_valve = [&] {
    try {
      wait_quiet(run, true, all);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::timeout) throw;
      never_quiet(run, stop);
    }
  };
  try {
    if (!wait_quiet(run, false, patience)) {
      if (close_valve_in_time(run, all)) return with_valve();
      wait_quiet(run, true, patience);
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout || run.valve) throw;
    close_valve(run, all);
    with_valve();
  }
}

void refuse_other_queues(const Run& run, const QueueFacts& queue) {
  std::vector<Finding> findings;
  check_other_queues(queue, run.facts.pod, run.request, findings);
  if (!findings.empty()) throw Error(ErrorKind::refused, findings.front().text, findings.front().cure);
}

/// The broker's list of consumers is up to five seconds old: when the facts were read, one that had just connected was
/// not in it. A message that waits for its acknowledgement tells the most important thing, and at once.
void check_consumer_named(const Run& run, const StopToken& stop) {
  const std::string& queue = run.plan.queue;
  if (run.plan.second_half) return;  // it is the one that the first half has looked at
  if (!run.facts.admin_version || !run.facts.queue || run.facts.queue->consumers.size() >= run.facts.depth->consumers)
    return;
  const bool exact_totals = run.facts.queue->type == "classic" && run.facts.depth->consumers == 1;
  const StopToken limit = stop.within(std::chrono::seconds(7));
  try {
    for (;; limit.sleep(Millis{100}, "waiting for the management API to name the consumer of " + queue)) {
      const auto facts = run.ports.admin.queue(queue, limit);
      for (const QueueConsumer& consumer : facts ? facts->consumers : std::vector<QueueConsumer>{})
        refuse_unmovable(consumer, queue);
      if (facts) refuse_other_queues(run, *facts);
      if (facts && facts->consumers.size() >= run.facts.depth->consumers) return;
      const auto totals = exact_totals ? run.ports.admin.totals(queue, limit) : std::nullopt;
      if (totals && totals->unacked > 0) return;
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout && error.kind() != ErrorKind::unavailable) throw;
    run.warn("the management API does not name the consumer of " + queue +
                 ": whether it acknowledges by hand was not checked",
             "");
  }
}

}  // namespace

void refuse_unmovable(const QueueConsumer& consumer, const std::string& queue) {
  std::vector<Finding> findings;
  check_consumer(consumer, queue, findings);
  if (!findings.empty()) throw Error(ErrorKind::refused, findings.front().text, findings.front().cure);
}

namespace {

/// One consumer of the primary comes from the source's pod, so nothing hides the addresses.
std::vector<std::string> known_by(const Run& run, const StopToken& stop) {
  if (!run.request.allow_competing || !run.facts.admin_version || run.plan.second_half) return {};
  std::vector<std::string> addresses = addresses_of(run.facts.pod);
  if (addresses.empty() || Peers(run.ports.admin, addresses).named(run.plan.queue, stop) != 1) return {};
  return addresses;
}

}  // namespace

void make_source_quiet(Run& run, const StopToken& stop) {
  const Plan& plan = run.plan;
  check_consumer_named(run, stop);
  run.other_consumers = run.facts.depth && run.facts.depth->consumers > 1 ? run.facts.depth->consumers - 1 : 0;
  run.source_addresses = known_by(run, stop);
  const std::string relay = run.plan.procedure.relays() ? run.names.source : "";
  run.journal.effect(
      Phase::checkpointing, "make the source quiet",
      op::resume_source({plan.ns, plan.source_pod, plan.source_uid, plan.source_control_queue, plan.queue,
                         run.names.hold, relay, run.other_consumers, plan.target_pod, run.source_addresses}),
      {});
  run.ports.broker.publish(
      {"", plan.source_control_queue, start_replay(run.names.hold, "hold", plan.id), "application/json", ""}, stop);
  await_quiet(run, stop);
  run.quiet_at = Clock::now();
  run.ready_at_quiet =
      run.valve ? run.valve->held() : run.ports.broker.depth(plan.queue, stop).value_or(QueueDepth{}).ready;
  run.source_instance = instance_of(run, stop);
  run.step(Phase::checkpointing, fmt::format("pod {} is quiet", plan.source_pod));
}

namespace {

/// The node's clock now, at the earliest; archives are named by it.
std::optional<std::int64_t> node_time(const NodeLook& look) {
  if (!look.clock_ahead) return std::nullopt;
  const auto now = std::chrono::duration_cast<Seconds>(BootClock::now().time_since_epoch());
  return static_cast<std::int64_t>(std::floor((now + *look.clock_ahead).count()));
}

void journal_archive(Run& run, const std::string& path) {
  const auto removal = op::remove_archive(run.plan.source_node, path);
  run.journal.effect(Phase::checkpointing, "archive " + path, removal, removal);
}

}  // namespace

void take_checkpoint(Run& run, const StopToken& stop) {
  const Plan& plan = run.plan;
  // Until the answer names the archive. Anybody may make checkpoints of the same container.
  const auto search =
      op::remove_archives({plan.source_node, run.facts.archive_directory, plan.ns, plan.source_pod, plan.container,
                           run.facts.archives_before, node_time(run.facts.source.look)});
  const int asked = run.journal.effect(Phase::checkpointing, "checkpoint " + plan.container, search, search);
  const StopToken limit = stop.within(std::chrono::duration_cast<Clock::duration>(run.request.timeouts.checkpoint));
  try {
    run.archive = run.ports.cluster.checkpoint(plan.source_node, plan.ns, plan.source_pod, plan.container, limit).path;
  } catch (const NoCheckpoint& refused) {
    if (!refused.cut_off().empty()) journal_archive(run, refused.cut_off());
    run.journal.settled(asked, true, "the node made none");
    throw;
  }
  journal_archive(run, run.archive);
  run.journal.settled(asked, true, "the kubelet named it");
  run.step(Phase::checkpointing, "checkpoint " + run.archive);
}

namespace {

/// A freeze that lasts so long may last longer than the connection's heartbeats.
constexpr std::chrono::seconds kLongFreeze{2};

/// Its connection may be lost while it is frozen: then this is what it reads when it comes back.
void keep_on_hold(Run& run, const StopToken& stop) {
  run.ports.broker.publish(
      {"", run.plan.source_control_queue, start_replay(run.names.hold, "hold", run.plan.id), "application/json", ""},
      stop);
}

}  // namespace

void checkpoint(Run& run, const StopToken& stop) {
  // (The published procedure freezes it wherever it is.)
  if (!run.quiet_at) return take_checkpoint(run, stop);
  keep_on_hold(run, stop);
  auto dump = std::async(std::launch::async, [&] { take_checkpoint(run, stop); });
  // One that subscribes has taken the first before it was frozen. This one finds it frozen, and waits.
  if (dump.wait_for(kLongFreeze) == std::future_status::timeout) keep_on_hold(run, stop);
  dump.get();
  // Had it left the hold queue before it was frozen, the copy would wake up taking messages.
  check_still_quiet(run, 1, stop);
}

}  // namespace ms2m
