#include "steps/stream_sides.hpp"

#include <fmt/format.h>

#include "handover/queue_names.hpp"
#include "handover/waits.hpp"
#include "kube/objects/container_state.hpp"
#include "kube/objects/object.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

constexpr Millis kAskAgain{20}, kLeaves{2};

Error started_anew(const std::string& who) {
  return Error(ErrorKind::inconsistent,
               fmt::format("{} has begun anew in the stream meanwhile, as one does that is started again", who));
}

std::string stream_of(const Move& move) { return move.plan.queue; }

/// What the kubelet says of a pod that begins from its own image. Throws Error{failed} when it will not run, or has run
/// and ended.
void check_fresh(const Json* pod, const Plan& plan) {
  waits_with(pod, plan.container, "");
  const auto own = container_state(*pod, plan.container);
  if (!own || (!own->exit_code && !own->last_exit)) return;
  throw Error(ErrorKind::failed,
              fmt::format("container {} of the fresh pod {} has ended with exit code {} before it had the stream",
                          plan.container, plan.target_pod, own->last_exit ? *own->last_exit : *own->exit_code),
              "see why it does not run: a second one of this workload must be able to run beside the first");
}

}  // namespace

op::ResumeStream StreamSides::way_back(const Move& move) {
  const Plan& plan = move.plan;
  return {plan.ns,
          plan.source_pod,
          plan.source_uid,
          plan.source_control_queue,
          plan.queue,
          plan.target_pod,
          move.request.offset_command.empty() ? "" : move.names().hold};
}

std::string StreamSides::from() const {
  if (move.plan.procedure.course == Course::hybrid) return "";
  return move.request.from.empty() ? std::to_string(move.facts.stream->first) : move.request.from;
}

/// Asks again for as long as one message may take.
std::optional<ConsumerStatus> StreamSides::answer(const std::string& control_queue, const StopToken& stop) const {
  const TimePoint end = Clock::now() + std::chrono::duration_cast<Clock::duration>(move.request.timeouts.quiet);
  for (;;) {
    if (auto status = ask_status(broker, control_queue, stop)) return status;
    if (Clock::now() >= end) return std::nullopt;
    stop.sleep(kAskAgain, "waiting for an answer in " + control_queue);
  }
}

ConsumerStatus StreamSides::answer_by_command(const Json& pod, const char* role, const StopToken& stop) const {
  const TimePoint end = Clock::now() + std::chrono::duration_cast<Clock::duration>(move.request.timeouts.quiet);
  for (;;) {
    try {
      return status_by_command(offsets, move.request, offset_question(pod, move.plan.container, move.request, role),
                               stop);
    } catch (const Error& error) {
      // Why it fails says more than that there was no more time.
      if (error.kind() != ErrorKind::failed || Clock::now() >= end || stop.remaining(kAskAgain) < kAskAgain) throw;
    }
    stop.sleep(kAskAgain, "waiting for --offset-command to succeed");
  }
}

/// Where it is comes last: it may leave the stream meanwhile.
ConsumerStatus StreamSides::source_by_command(const StopToken& stop) const {
  const Plan& plan = move.plan;
  const auto pod = cluster.get({Kind::pod, plan.ns, plan.source_pod}, stop);
  if (!pod || pod_uid(*pod) != plan.source_uid || pod_is_over(*pod))
    throw Error(ErrorKind::inconsistent, "the source pod is gone");
  if (same_instance(instance_in(*pod, plan.container), instance_in(move.facts.pod, plan.container)) == false)
    throw started_anew("pod " + plan.source_pod);
  const std::string hold = move.names().hold;
  const bool holds = broker.depth(hold, stop).value_or(QueueDepth{}).consumers > 0;
  ConsumerStatus status = answer_by_command(*pod, "source", stop);
  if (holds) status.queue = hold;
  return status;
}

ConsumerStatus StreamSides::source(const StopToken& stop) const {
  if (by_command()) return source_by_command(stop);
  const auto status = answer(move.plan.source_control_queue, stop);
  if (!status)
    throw Error(ErrorKind::timeout,
                fmt::format("pod {} does not answer STATUS in {} any more", move.plan.source_pod,
                            move.plan.source_control_queue),
                "let the consumer look at its control queue between two messages");
  if (status->first != move.facts.stream->first) throw started_anew("pod " + move.plan.source_pod);
  return *status;
}

ConsumerStatus StreamSides::source_halted(const std::function<void()>& guard, const StopToken& given) const {
  const StopToken stop = given.within(std::chrono::duration_cast<Clock::duration>(move.request.timeouts.quiet));
  const std::string hold = move.names().hold;
  broker.publish({"", move.plan.source_control_queue, start_replay(hold, "hold", move.plan.id), "application/json", ""},
                 stop);
  ConsumerStatus status = source(stop);
  for (; status.queue != hold; status = source(stop)) {
    guard();
    stop.sleep(kLeaves, "waiting for the source to leave the stream");
  }
  return status;
}

ConsumerStatus StreamSides::source_at_work(const StopToken& stop) const {
  ConsumerStatus status = source(stop);
  // Between its checkpoint and the cut-over it serves because it was told to.
  const bool sent_back = status.queue == stream_of(move) && status.role == "source";
  if (!status.serves(stream_of(move)) && !sent_back)
    throw Error(ErrorKind::inconsistent,
                fmt::format("pod {} does not serve {} any more", move.plan.source_pod, stream_of(move)));
  return status;
}

Json StreamSides::target_pod(const StopToken& stop) const {
  const Plan& plan = move.plan;
  const auto pod = cluster.get({Kind::pod, plan.ns, plan.target_pod}, stop);
  const Json* const now = pod ? &*pod : nullptr;
  // What is said of a waiting `create` that was given up may be older than the restore.
  if (plan.procedure.moves_memory())
    check_runs_on(now, plan.target_pod, plan.container, plan.procedure.by_handler() ? plan.id : "");
  else
    check_fresh(now, plan);
  return *pod;
}

std::string StreamSides::running(const StopToken& stop) const {
  return instance_in(target_pod(stop), move.plan.container);
}

std::optional<ConsumerStatus> StreamSides::fresh_says(std::string& why, const StopToken& stop) const {
  const std::string& control = move.plan.target_control_queue;
  if (!by_command()) return ask_status(broker, control, stop);
  const Json pod = target_pod(stop);
  if (instance_in(pod, move.plan.container).empty()) return std::nullopt;
  if (broker.depth(control, stop).value_or(QueueDepth{}).ready > 0) {
    why = "it has not taken its command from " + control;
    return std::nullopt;
  }
  try {
    return status_by_command(offsets, move.request, offset_question(pod, move.plan.container, move.request, "target"),
                             stop);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::failed) throw;
    why = error.what();
    return std::nullopt;
  }
}

ConsumerStatus StreamSides::target(const LivingCopy& living, const StopToken& stop) const {
  ConsumerStatus status = target_says(stop);
  if (same_instance(running(stop), living.instance) == false) throw started_anew("pod " + move.plan.target_pod);
  return status;
}

ConsumerStatus StreamSides::target_says(const StopToken& stop) const {
  const Plan& plan = move.plan;
  if (by_command()) {
    ConsumerStatus status = answer_by_command(target_pod(stop), "target", stop);
    status.role = "target";  // as it was told
    return status;
  }
  const auto status = answer(plan.target_control_queue, stop);
  if (!status) {
    running(stop);
    throw Error(ErrorKind::timeout, fmt::format("pod {} does not answer STATUS in {} any more", plan.target_pod,
                                                plan.target_control_queue));
  }
  if (status->role != "target" || status->queue != stream_of(move))
    throw Error(ErrorKind::inconsistent,
                fmt::format("pod {} was told to read {} in the role \"target\", and says that it reads {} in the role "
                            "\"{}\"",
                            plan.target_pod, stream_of(move), status->queue, status->role),
                "the consumer must take START_REPLAY from its control queue before it reads anything "
                "(ms2m-protocol(7))");
  if (move.request.from.empty() && status->first >= 0 && status->first != move.facts.stream->first)
    throw Error(
        ErrorKind::inconsistent,
        fmt::format("the source's state begins at offset {} of {}, and what a fresh pod gets there begins at {}",
                    move.facts.stream->first, stream_of(move), status->first),
        "the stream must keep what the state is made of; if a later beginning makes the same state, name it "
        "with --from");
  // A stream begins at the first message that it still has when it is asked for an older one.
  const auto wanted = offset_in(move.request.from);
  if (wanted && status->first > *wanted)
    throw Error(ErrorKind::inconsistent,
                fmt::format("--from {} is to be the beginning, and what a fresh pod gets of {} begins at {}", *wanted,
                            stream_of(move), status->first),
                "the stream does not have the messages before that any more: it must keep what the state is made of");
  return *status;
}

void StreamSides::let_read_until(std::int64_t offset, const StopToken& stop) const {
  broker.publish({"", move.plan.target_control_queue, replay_until(stream_of(move), from(), offset, move.plan.id),
                  "application/json", ""},
                 stop);
}

}  // namespace ms2m
