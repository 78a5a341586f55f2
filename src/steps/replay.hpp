// --strategy replay: the queue is a stream, and a stream is a log that source and target read each for itself. A fresh
// pod makes the state anew from it, never passes the source, and takes over at the very offset at which the source has
// stopped: the state is the fold of the log up to there, and each message's side effects are one's alone.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ms2m/dials.hpp"
#include "ms2m/outcome.hpp"
#include "steps/guards.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"
#include "steps/stream_sides.hpp"

namespace ms2m {

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
  Timeline& times;
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
