// --strategy replay: the queue is a stream, and a stream is a log that source and target read each for itself. A fresh
// pod makes the state anew from it, never passes the source, and takes over at the very offset at which the source has
// stopped: the state is the fold of the log up to there, and each message's side effects are one's alone.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "handover/consumer_status.hpp"
#include "ms2m/dials.hpp"
#include "ms2m/outcome.hpp"
#include "steps/guards.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// Source and target of a stream, by what they say of themselves.
struct StreamSides {
  Move move;
  Cluster& cluster;
  Broker& broker;

  /// Error{inconsistent}: the source is not in the stream any more; Error{timeout}: it has not answered.
  ConsumerStatus source_at_work(const StopToken& stop) const;
  /// As it says; waits for an answer. Error{inconsistent}: the source has ended, or does not stay where it was put;
  /// Error{timeout}.
  ConsumerStatus source(const StopToken& stop) const;
  /// Error{inconsistent}: it is not the target's part that it plays, or its state does not begin where it must.
  ConsumerStatus target(const LivingCopy& living, const StopToken& stop) const;
  /// The same of an answer alone: whether its container is still the one that began, nobody is asked.
  ConsumerStatus target_says(const StopToken& stop) const;
  /// The target may read as far as that.
  void let_read_until(std::int64_t offset, const StopToken& stop) const;
  /// Error{failed}: the fresh pod will never run, or its container has ended; returns which instance runs, or nothing.
  std::string running(const StopToken& stop) const;
  std::string from() const;  ///< where the target begins

  std::optional<ConsumerStatus> answer(const std::string& control_queue, const StopToken& stop) const;
};

/// Before it starts: a fresh container reads its control queue before it reads anything else. Error{refused}: the
/// source takes from other queues, too, which the preflight could not see yet (movable.hpp).
struct TellFresh {
  static constexpr Phase kPhase = Phase::preparing;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  StreamSides sides;
  BrokerAdmin& admin;
  Observer& observer;
};

/// Until the fresh pod answers.
struct AwaitFresh {
  static constexpr Phase kPhase = Phase::restoring;
  static constexpr Wait kWait{WaitFor::pod_start, "the fresh pod to answer"};
  static std::vector<Announced> announce(const Move&) { return {}; }
  Ran run(const StopToken& stop) const;

  StreamSides sides;
  Observer& observer;
  LivingCopy& living;
};

/// The source serves; the target reads as far as the source was, until the rest takes it no longer than the downtime
/// limit. Error{failed}: the source is as fast as its target, which comes no nearer.
struct FollowStream {
  static constexpr Phase kPhase = Phase::replaying;
  static constexpr Wait kWait{WaitFor::consumer, "the target to catch up"};
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  StreamSides sides;
  Observer& observer;
  const LivingCopy& living;
  Measures& measures;
  const Dials& dials;
};

/// The source leaves the stream; it says at which offset.
struct HaltSource {
  static constexpr Phase kPhase = Phase::replaying;
  static constexpr Wait kWait{WaitFor::consumer, "the source to stop"};
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  StreamSides sides;
  Journal& journal;
  Observer& observer;
  Guards guards;
  QuietSource& quiet;
  Measures& measures;
  Dials& dials;
};

/// The target reads up to that offset, and not further. Error{inconsistent}: the states, where both tell theirs, are
/// not the same there.
struct ReachSource {
  static constexpr Phase kPhase = Phase::replaying;
  static constexpr Wait kWait{WaitFor::consumer, "the target to come to the source's offset"};
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  StreamSides sides;
  Observer& observer;
  Guards guards;
  const LivingCopy& living;
  Measures& measures;
};

/// The dead man's message is taken, and END_REPLAY sent to the target, in one transaction. Error{inconsistent}: one of
/// the two is not at that offset any more, or the switch has fired.
struct PivotStream {
  static constexpr Phase kPhase = Phase::replaying;
  static constexpr Wait kWait{WaitFor::consumer, "both to stand at one offset"};
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  StreamSides sides;
  Journal& journal;
  Observer& observer;
  Guards guards;
  const LivingCopy& living;
  Measures& measures;
};

/// Until the target says that it serves.
struct AwaitStreamServed {
  static constexpr Phase kPhase = Phase::replaying;
  static constexpr Wait kWait{WaitFor::consumer, "the target to go on"};
  static std::vector<Announced> announce(const Move&) { return {}; }
  Ran run(const StopToken& stop) const;

  StreamSides sides;
  Journal& journal;
  Timeline& times;
  const Measures& measures;
  Handed& handed;
};

}  // namespace ms2m
