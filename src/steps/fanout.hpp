// The published procedure's own steps (strategy/fanout.cpp): not exact.
#pragma once
#include <vector>

#include "steps/checkpoint.hpp"
#include "steps/restore.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// Error{refused}: the queue is bound to no exchange.
struct BindReplayQueue {
  static constexpr Phase kPhase = Phase::checkpointing;
  static constexpr bool kDisturbs = true;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  const Move& move;
  Broker& broker;
  BrokerAdmin& admin;
  Journal& journal;
};

/// Of a source that is wherever it is.
struct CheckpointAnywhere {
  static constexpr Phase kPhase = Phase::checkpointing;
  static std::vector<Announced> announce(const Move& move) { return TakeCheckpoint::announce(move); }
  Ran run(const StopToken& stop) const;

  TakeCheckpoint take;
};

struct RestoreOnReplay {
  static constexpr Phase kPhase = Phase::restoring;
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Restore restore;
};

/// Until the replay queue is empty (its ready messages: the published system looks at no others) or the cut-off, which
/// loses what is left.
struct ReplayOrCutOff {
  static constexpr Phase kPhase = Phase::replaying;
  static constexpr Wait kWait{WaitFor::consumer, "the copy to catch up"};
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Move move;
  Broker& broker;
  BrokerAdmin& admin;
  Observer& observer;
};

/// Until the target consumes the primary, as the source still does.
struct SwitchOver {
  static constexpr Phase kPhase = Phase::replaying;
  static constexpr Wait kWait{WaitFor::consumer, "the target to consume"};
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Move move;
  Broker& broker;
  Journal& journal;
  Timeline& times;
};

}  // namespace ms2m
