// Without the control protocol: the valve holds the messages back until the source has acknowledged what it has.
#pragma once
#include <vector>

#include "steps/checkpoint.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"
#include "steps/undisturbed.hpp"
#include "steps/valve.hpp"

namespace ms2m {

/// Until the management API names the source's one consumer; Error{refused} for one that cannot be moved.
struct FindConnection {
  static constexpr Phase kPhase = Phase::preparing;
  static constexpr Wait kWait{WaitFor::broker, "the name of the consumer"};
  static std::vector<Announced> announce(const Move&) { return {}; }
  Ran run(const StopToken& stop) const;

  Move move;
  BrokerAdmin& admin;
  Observer& observer;
  SourceConnection& connection;
};

/// Afterwards nothing that was delivered to the source is unacknowledged.
struct DrainSource {
  static constexpr Phase kPhase = Phase::checkpointing;
  static constexpr bool kDisturbs = true;
  static constexpr Wait kWait{WaitFor::consumer, "the source to acknowledge"};
  static std::vector<Announced> announce(const Move& move);
  Ran run(const StopToken& stop) const;

  Move move;
  Cluster& cluster;
  Observer& observer;
  CloseValve close_valve;
  Undisturbed undisturbed;
  QuietSource& source;
};

/// Afterwards the archive is a process to which nothing was on its way.
struct CheckpointDrained {
  static constexpr Phase kPhase = Phase::checkpointing;
  static constexpr Wait kWait{WaitFor::consumer, "the source to acknowledge"};
  static std::vector<Announced> announce(const Move& move) { return TakeCheckpoint::announce(move); }
  Ran run(const StopToken& stop) const;

  TakeCheckpoint take;
  Undisturbed undisturbed;
};

}  // namespace ms2m
