#include "steps/quiesce.hpp"

#include <fmt/format.h>

#include "handover/arrival.hpp"
#include "handover/queue_names.hpp"
#include "handover/waits.hpp"
#include "journal/operation.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"
#include "plan/limits.hpp"
#include "steps/lease.hpp"
#include "steps/movable.hpp"

namespace ms2m {
namespace {

constexpr Millis kAnswersAtOnce{200};
/// Who polls its control queue looks about once a second when it has no work.
constexpr std::chrono::seconds kPolls{1};

/// What can be seen of the source; `ready` of the primary.
struct Sight {
  bool quiet = false;
  std::uint64_t ready = 0;
};

Sight look(const QuiesceSource& at, const StopToken& stop) {
  const auto hold = at.broker.depth(at.move.names().hold, stop).value_or(QueueDepth{});
  const auto primary = depth_of(at.broker, at.move.plan.queue, stop);
  return {hold.consumers > 0 && at.primary.uninvited(at.guards.own.valve ? 1 : 0, stop) == 0, primary.ready};
}

/// The command has not been taken.
bool deaf(const QuiesceSource& at, const StopToken& stop) {
  return at.broker.depth(at.move.plan.source_control_queue, stop).value_or(QueueDepth{}).ready > 0;
}

/// Whether waiting is in vain: of a source that does not look as long as it has work.
class Saturation {
 public:
  /// Its backlog grows to where the valve would need a freeze, or there was always something to do for as long as who
  /// polls gives itself.
  bool looks_so(std::uint64_t ready) {
    const TimePoint now = Clock::now();
    if (ready == 0) idle_ = now;
    const bool growing = ready >= kGrowingReady && ready <= kStrictOrderReady;
    return (growing && now - begin_ > kAnswersAtOnce) || now - idle_ > kPolls;
  }

 private:
  const TimePoint begin_ = Clock::now();
  TimePoint idle_ = begin_;
};

/// False: it has not come to its control queue, and will not as things are.
bool wait_quiet(const QuiesceSource& at, bool to_the_end, const StopToken& stop) {
  const TimePoint begin = Clock::now();
  for (Saturation saturation;;) {
    const Sight sight = look(at, stop);
    if (sight.quiet) return true;
    at.guards.check();
    if (at.guards.own.valve && at.source.others == 0) check_held(at.move, *at.guards.own.valve);
    const bool patient = to_the_end || at.source.others > 0;
    if (saturation.looks_so(sight.ready) && !patient && deaf(at, stop)) return false;
    stop.sleep(Clock::now() - begin < std::chrono::milliseconds(500) ? Millis{2} : Millis{10},
               "waiting for the source to become quiet");
  }
}

/// Whether it has taken the command makes the difference.
[[noreturn]] void never_quiet(const QuiesceSource& at, const StopToken& stop) {
  const std::string& control = at.move.plan.source_control_queue;
  if (at.broker.depth(control, stop.within(std::chrono::seconds(5))).value_or(QueueDepth{}).ready > 0)
    throw Error(ErrorKind::timeout, "the source did not come to its control queue " + control,
                "let the consumer subscribe to it, slow down the publishers, or raise --quiet-timeout");
  throw Error(ErrorKind::timeout,
              fmt::format("the source took START_REPLAY from {} and did not consume {} instead of {}", control,
                          at.move.names().hold, at.move.plan.queue),
              "it must leave its queue for the one that it is sent to, and take that as it is or declare it durable "
              "and without arguments (ms2m-protocol(7)); if it is slow, raise --quiet-timeout");
}

/// A consumer that polls its control queue only when its own queue is empty never looks while it is saturated.
void behind_valve(const QuiesceSource& at, const StopToken& given, const StopToken& stop) {
  warn(at.observer, "the source does not look at its control queue: closing the valve",
       "let the consumer subscribe to its control queue");
  const TimePoint closed = at.close_valve.now(stop);
  try {
    wait_quiet(at, true, stop);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout) throw;
    never_quiet(at, given);
  }
  if (at.source.others > 0) return;  // several have no order among them
  Valve& valve = *at.guards.own.valve;
  valve.settle(stop);
  check_held(at.move, valve);
  if (const auto flooded = valve.flooded(); flooded && *flooded >= closed)
    throw Error(ErrorKind::failed,
                "more than 150 messages came at once before the source was quiet: whether the broker served it with "
                "one of them too early cannot be told",
                "run ms2m again when fewer come at once, or let the consumer subscribe to its control queue");
}

/// First by what the source was told; the valve helps one that is too busy to look.
void await_quiet(const QuiesceSource& at, const StopToken& stop) {
  const StopToken all = stop.within(std::chrono::duration_cast<Clock::duration>(at.move.request.timeouts.quiet * 4));
  const StopToken patience = all.within(std::chrono::duration_cast<Clock::duration>(at.move.request.timeouts.quiet));
  try {
    if (wait_quiet(at, false, patience)) return;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout) throw;
  }
  behind_valve(at, stop, all);
}

/// One consumer of the primary comes from the source's pod, so nothing hides the addresses.
std::vector<std::string> known_by(const QuiesceSource& at, const StopToken& stop) {
  if (!at.move.request.allow_competing || !at.move.facts.admin_version || at.move.plan.is_rename) return {};
  std::vector<std::string> addresses = addresses_of(at.move.facts.pod);
  if (addresses.empty() || Peers(at.admin, addresses).named(at.move.plan.queue, stop) != 1) return {};
  return addresses;
}

Announced quiet_of(const Move& move, const QuietSource& source) {
  const Plan& plan = move.plan;
  const QueueNames names = move.names();
  return {
      fmt::format("send {} to the empty queue {}", plan.source_pod, names.hold),
      op::ResumeSource{plan.ns, plan.source_pod, plan.source_uid, plan.source_control_queue, plan.queue, names.hold,
                       plan.procedure.relays() ? names.source : "", source.others, plan.target_pod, source.addresses}};
}

}  // namespace

std::vector<Announced> QuiesceSource::announce(const Move& move) {
  std::vector<Announced> all{quiet_of(move, {})};
  for (const Announced& each : CloseValve::announce(move)) all.push_back(each);
  return all;
}

Ran QuiesceSource::run(const StopToken& stop) const {
  const Plan& plan = move.plan;
  set_lease_phase(cluster, plan, Phase::checkpointing, stop);
  line.waits_for({WaitFor::broker, "the name of the consumer"});
  check_consumer_named(move, admin, observer, stop);
  source.others = move.facts.depth && move.facts.depth->consumers > 1 ? move.facts.depth->consumers - 1 : 0;
  source.addresses = known_by(*this, stop);
  // What another pod of its name would take (a StatefulSet's next) is not sent.
  SourceProcess{plan, cluster}.instance_as_in(move.facts.pod, stop);
  journal_announced(journal, Phase::checkpointing, quiet_of(move, source));
  broker.publish(
      {"", plan.source_control_queue, start_replay(move.names().hold, "hold", plan.id), "application/json", ""}, stop);
  line.waits_for({WaitFor::consumer, "the source to be quiet"});
  await_quiet(*this, stop);
  source.since = Clock::now();
  line.waits_for();
  source.ready =
      guards.own.valve ? guards.own.valve->held() : broker.depth(plan.queue, stop).value_or(QueueDepth{}).ready;
  tell(observer, Phase::checkpointing, fmt::format("pod {} is quiet", plan.source_pod));
  return {};
}

Ran KnowSource::run(const StopToken& stop) const {
  source.instance = process.instance(stop);
  return {};
}

}  // namespace ms2m
