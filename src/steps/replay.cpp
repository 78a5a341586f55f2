#include "steps/replay.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "handover/queue_names.hpp"
#include "journal/operation.hpp"
#include "ms2m/error.hpp"
#include "steps/movable.hpp"
#include "steps/stream_progress.hpp"

namespace ms2m {
namespace {

constexpr Millis kFollows{20}, kHandsOver{2};
constexpr std::chrono::seconds kLooksAtPod{1};  // while it answers
/// Not worth another round: each costs a few questions.
constexpr std::int64_t kFew = 3;

Announced stop_of(const Move& move) {
  const Plan& plan = move.plan;
  return {fmt::format("send {} from stream {} to the empty queue {}: {} at which offset it has stopped",
                      plan.source_pod, plan.queue, move.names().hold,
                      move.request.offset_command.empty() ? "it says" : "--offset-command says"),
          StreamSides::way_back(move)};
}

}  // namespace

std::vector<Announced> TellFresh::announce(const Move& move) {
  const Plan& plan = move.plan;
  return {{fmt::format("put into {}: read {} from {} on, no further than the source, with role \"target\"",
                       plan.target_control_queue, plan.queue,
                       move.request.from.empty() ? "where the source's state begins" : move.request.from)}};
}

Ran TellFresh::run(const StopToken& stop) const {
  check_consumer_named(sides.move, admin, observer, stop);
  sides.let_read_until(sides.source_at_work(stop).offset, stop);
  return {};
}

Ran AwaitFresh::run(const StopToken& given) const {
  const Plan& plan = sides.move.plan;
  const StopToken stop = given.within(std::chrono::duration_cast<Clock::duration>(sides.move.request.timeouts.restore));
  std::string why;
  try {
    for (;;) {
      living.instance = sides.running(stop);
      // The first question comes before its container does.
      const auto status = sides.fresh_says(why, stop);
      if (status && !living.instance.empty()) break;
      stop.sleep(kFollows, "waiting for the fresh pod to answer");
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout || given.remaining(Millis{1}) == Millis{0}) throw;
    throw Error(ErrorKind::timeout,
                sides.by_command() ? fmt::format("where the fresh pod {} is in the stream is not told{}",
                                                 plan.target_pod, why.empty() ? "" : ": " + why)
                                   : fmt::format("the fresh pod {} does not answer STATUS in {}", plan.target_pod,
                                                 plan.target_control_queue),
                "see whether it runs and reaches the broker, or raise --restore-timeout");
  }
  sides.target(living, stop);
  tell(observer, kPhase, fmt::format("pod {} reads {}", plan.target_pod, plan.queue));
  return {"a fresh pod from its own image"};
}

std::vector<Announced> FollowStream::announce(const Move& move) {
  return {{fmt::format("let {} read as far as {} is, again and again, until the rest takes no longer than {} ms",
                       move.plan.target_pod, move.plan.source_pod, move.request.downtime_limit.count())}};
}

namespace {

/// Until the target is where it may read to.
std::int64_t await_offset(const StreamSides& sides, const LivingCopy& living, std::int64_t until, Millis every,
                          const std::function<void()>& guard, const StopToken& stop) {
  for (TimePoint look;;) {
    guard();
    const bool looks = Clock::now() >= look;
    if (looks) look = Clock::now() + kLooksAtPod;
    const ConsumerStatus target = looks ? sides.target(living, stop) : sides.target_says(stop);
    if (target.offset > until)
      throw Error(ErrorKind::inconsistent,
                  fmt::format("pod {} has read {} up to offset {}, and was told to stop at {}",
                              sides.move.plan.target_pod, sides.move.plan.queue, target.offset, until),
                  "the consumer must not apply a message after \"until\" (ms2m-protocol(7))");
    if (target.offset == until) return target.offset;
    stop.sleep(every, fmt::format("waiting for the target to come to offset {}", until));
  }
}

[[noreturn]] void comes_no_nearer(Millis limit, std::int64_t behind, Seconds time) {
  throw Error(ErrorKind::failed,
              fmt::format("the target stays {} messages ({:.1f} s) behind, because the source works as fast as it does",
                          behind, time.count()),
              fmt::format("let nobody work for that time with --downtime-limit {}s, or slow down the publishers",
                          static_cast<long>(time.count()) + 1 + limit.count() / 1000));
}

}  // namespace

Ran FollowStream::run(const StopToken& given) const {
  const StopToken stop = given.within(std::chrono::duration_cast<Clock::duration>(sides.move.request.timeouts.replay));
  std::int64_t there = sides.target(living, stop).offset;
  const std::int64_t begin_at =
      offset_in(sides.move.request.from).value_or(std::max<std::int64_t>(sides.move.facts.stream->first, 0));
  Rate rate;
  Progress progress;
  try {
    for (;;) {
      const std::int64_t until = sides.source_at_work(stop).offset;
      const std::int64_t behind = until - std::max(there, begin_at - 1);
      const Seconds time = rate.time_for(behind);
      if (there >= 0 && (behind <= kFew || time <= dials.downtime_limit())) break;
      if (there >= 0 && progress.in_vain(behind)) comes_no_nearer(dials.downtime_limit(), behind, time);
      const TimePoint begin = Clock::now();
      sides.let_read_until(until, stop);
      there = await_offset(
          sides, living, until, kFollows, [] {}, stop);
      rate.saw(behind, Clock::now() - begin);
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout || given.remaining(Millis{1}) == Millis{0}) throw;
    if (stop.remaining(Millis{1}) > Millis{0}) throw;
    throw Error(ErrorKind::timeout, fmt::format("the target had not caught up in time, and is at offset {}", there),
                "raise --replay-timeout: the whole log has to be read, or begin later with --from");
  }
  if (!measures.service_rate) {  // the first time: the log was read then
    StreamOffsets offsets = measures.stream.value_or(StreamOffsets{});
    offsets.first = sides.target(living, stop).first;
    offsets.replay_rate = measures.service_rate = rate.value();
    measures.stream = offsets;
  }
  tell(observer, kPhase, fmt::format("pod {} has caught up, at offset {}", sides.move.plan.target_pod, there));
  return {};
}

std::vector<Announced> HaltSource::announce(const Move& move) { return {stop_of(move)}; }

Ran HaltSource::run(const StopToken& stop) const {
  dials.close_downtime_limit("too late: the move cuts over, or has");
  journal_announced(journal, kPhase, stop_of(sides.move));
  const ConsumerStatus status = sides.source_halted([this] { guards.check(); }, stop);
  (times.serving_again ? times.fenced : quiet.since) = Clock::now();
  measures.stream->stop = status.offset;
  tell(observer, kPhase, fmt::format("pod {} has stopped at offset {}", sides.move.plan.source_pod, status.offset));
  return {};
}

std::vector<Announced> ReachSource::announce(const Move& move) {
  return {{fmt::format("let {} read up to the very offset at which {} has stopped", move.plan.target_pod,
                       move.plan.source_pod)}};
}

namespace {

/// Both stand still there. nullopt: at least one does not tell it.
std::optional<bool> compared(const ConsumerStatus& source, const ConsumerStatus& target) {
  if (source.state.empty() || target.state.empty()) return std::nullopt;
  return source.state == target.state;
}

}  // namespace

Ran ReachSource::run(const StopToken& given) const {
  const Plan& plan = sides.move.plan;
  StreamOffsets& offsets = *measures.stream;
  // Nobody works meanwhile: no longer than had ms2m died.
  const StopToken stop = given.within(sides.move.request.dead_man + sides.move.request.downtime_limit);
  sides.let_read_until(offsets.stop, stop);
  await_offset(
      sides, living, offsets.stop, kHandsOver, [this] { guards.check(); }, stop);
  offsets.same_state = compared(sides.source(stop), sides.target(living, stop));
  if (offsets.same_state == false)
    throw Error(ErrorKind::inconsistent,
                fmt::format("at offset {} of {} the target's state is not the source's", offsets.stop, plan.queue),
                "it must follow from the messages alone, from where it begins (--from)");
  tell(observer, kPhase,
       fmt::format("pod {} is at offset {}{}", plan.target_pod, offsets.stop,
                   offsets.same_state ? ", in the same state" : "; whether in the same state, they do not tell"));
  return {};
}

}  // namespace ms2m
