// The one step after which the target owns the queue.
#pragma once
#include <cstdint>
#include <vector>

#include "ms2m/outcome.hpp"
#include "steps/guards.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// Takes the dead man's message, and sends these and the marker, in one transaction. Error{inconsistent}: the switch
/// has fired. Afterwards the journal says "pivoted".
void commit_in_one(const Move& move, Broker& broker, Journal& journal, DeadMan& dead_man,
                   std::vector<Outgoing> messages, const StopToken& stop);

/// commit_in_one(), of a source that is still quiet.
struct CommitPivot {
  Move move;
  Broker& broker;
  Journal& journal;
  StillQuiet still_quiet;
  Measures& measures;

  /// Throws Error{inconsistent} when the source is not quiet any more, or the dead man's switch has fired. Afterwards
  /// the journal says "pivoted".
  void now(std::vector<Outgoing> messages, std::uint64_t on_hold, const StopToken& stop) const;
};

/// And Error{inconsistent} when the copy does not live any more, or is another process than the one that was restored.
struct Pivot {
  static constexpr Phase kPhase = Phase::replaying;
  static constexpr Wait kWait{WaitFor::consumer, "both copies to be on hold"};
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Move move;
  Cluster& cluster;
  Broker& broker;
  BrokerAdmin& admin;
  Journal& journal;
  Observer& observer;
  CommitPivot commit;
  const QuietSource& source;
  WaitingCopy& copy;
  const LivingCopy& living;
  Timeline& times;
};

/// Until here a copy that ends stays so, and the move is undone; from here on it is the pod's own process, and should
/// it end, its kubelet starts it anew. The very next after the pivot.
struct CompleteCopy {
  static constexpr Phase kPhase = Phase::replaying;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  const Plan& plan;
  NodeRestores& restores;
  Journal& journal;
  Observer& observer;
};

/// The pivot without a hand-over: only the dead man's message is taken (and the marker left), for a target that does
/// not exist yet.
struct Disarm {
  static constexpr Phase kPhase = Phase::transferring;
  static constexpr Wait kWait{WaitFor::consumer, "the source to be quiet still"};
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Observer& observer;
  CommitPivot commit;
};

/// Until the target, which has the queue, consumes it. Should it not do so, `handed` says what was seen.
struct AwaitTargetServing {
  static constexpr Phase kPhase = Phase::replaying;
  static constexpr Wait kWait{WaitFor::consumer, "the target to consume"};
  static std::vector<Announced> announce(const Move&) { return {}; }
  Ran run(const StopToken& stop) const;

  const Plan& plan;
  Cluster& cluster;
  Broker& broker;
  BrokerAdmin& admin;
  Journal& journal;
  const OwnConnections& own;
  const Measures& measures;
  Timeline& times;
  Handed& handed;
};

}  // namespace ms2m
