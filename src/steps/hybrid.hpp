// --strategy replay --from checkpoint: the source leaves its stream for as long as its checkpoint takes, and serves on;
// what lies in the checkpoint has nothing under way, and wakes up on the hold queue. Its copy goes on in the stream
// after its own offset, never past the source, with its side effects held back; from there on as in replay.hpp.
#pragma once
#include <vector>

#include "steps/checkpoint.hpp"
#include "steps/replay.hpp"
#include "steps/restore.hpp"

namespace ms2m {

/// The source leaves the stream; nothing is under way in it then. Error{refused}: it takes from other queues, too,
/// which the preflight could not see yet (movable.hpp); {inconsistent}: it was started again since the preflight.
struct RestSource {
  static constexpr Phase kPhase = Phase::checkpointing;
  static constexpr Wait kWait{WaitFor::consumer, "the source to stop for its checkpoint"};
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  StreamSides sides;
  BrokerAdmin& admin;
  SourceProcess process;
  Journal& journal;
  Observer& observer;
  Guards guards;
  QuietSource& quiet;
  Measures& measures;
};

/// Error{inconsistent}: the source did not stay where it was.
struct CheckpointResting {
  static constexpr Phase kPhase = Phase::checkpointing;
  static constexpr Wait kWait{WaitFor::consumer, "the source to be where it was"};
  static std::vector<Announced> announce(const Move& move) { return TakeCheckpoint::announce(move); }
  Ran run(const StopToken& stop) const;

  TakeCheckpoint take;
  StreamSides sides;
  SourceProcess process;
  Guards guards;
  const QuietSource& quiet;
  const Measures& measures;
};

/// Until it says so.
struct SourceGoesOn {
  static constexpr Phase kPhase = Phase::checkpointing;
  static constexpr Wait kWait{WaitFor::consumer, "the source to go on"};
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  StreamSides sides;
  Observer& observer;
  Guards guards;
  Timeline& times;
};

/// The copy wakes up on the hold queue, and is sent into the stream from there. Error{inconsistent}: it is not where
/// the source was at the checkpoint.
struct RestoreResting {
  static constexpr Phase kPhase = Phase::restoring;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Restore restore;
  StreamSides sides;
  const Measures& measures;
};

}  // namespace ms2m
