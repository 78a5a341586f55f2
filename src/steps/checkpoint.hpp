#pragma once
#include <vector>

#include "steps/guards.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// Who makes it, for the table.
const char* maker_of_checkpoint(const Plan& plan);

/// The checkpoint alone, of a source that is wherever it is; nothing is checked after it.
struct TakeCheckpoint {
  static std::vector<Announced> announce(const Move& move);
  void now(const StopToken& stop) const;

  Move move;
  Cluster& cluster;
  RuntimeCheckpoints& dumps;
  ContainerProcess& processes;
  Journal& journal;
  Observer& observer;
  TakenCheckpoint& checkpoint;
  Phase phase = Phase::checkpointing;
};

/// Of a source that listens to the hold queue: it reads that once more, should its connection be lost in it.
void checkpoint_on_hold(const TakeCheckpoint& take, Broker& broker, const StopToken& stop);

/// Afterwards the archive is a process that listens to the hold queue: quiet was checked again after the dump.
struct CheckpointQuiet {
  static constexpr Phase kPhase = Phase::checkpointing;
  static constexpr Wait kWait{WaitFor::consumer, "the source to be quiet still"};
  static std::vector<Announced> announce(const Move& move) { return TakeCheckpoint::announce(move); }
  Ran run(const StopToken& stop) const;

  TakeCheckpoint take;
  Broker& broker;
  StillQuiet still_quiet;
};

}  // namespace ms2m
