#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/main_line.hpp"
#include "handover/arrival.hpp"
#include "ms2m/dials.hpp"
#include "steps/guards.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// Where the copy is proven to be, as one of `consumers` of a queue, `ours` of them ms2m's own.
Arrival arrival_of(const Move& move, const std::string& queue, std::uint64_t consumers, std::uint64_t ours);

/// The waiting pod's process.
struct Restore {
  Move move;
  Cluster& cluster;
  Broker& broker;
  BrokerAdmin& admin;
  Observer& observer;
  Guards guards;
  PrimaryWatch primary;
  NodeRestores& restores;
  Carrier& carrier;
  const TakenCheckpoint& checkpoint;
  const BroughtData& data;
  LivingCopy& living;
  MainLine& line;
  Dials& dials;
  OwnConnections& own;

  static std::vector<Announced> announce(const Move& move);
  /// Lets it begin, and returns when the restored process lives and listens to `queue`, as one of `consumers`.
  Ran on(const std::string& queue, std::uint64_t consumers, const StopToken& stop) const;

 private:
  /// The node's handler begins; of a source whose pages were kept back, all of them have come when this returns, or
  /// (Pages::lazy) they follow.
  void let_begin(const StopToken& stop) const;
};

/// It listens to the hold queue.
struct RestoreOnHold {
  static constexpr Phase kPhase = Phase::restoring;
  static std::vector<Announced> announce(const Move& move) { return Restore::announce(move); }
  Ran run(const StopToken& stop) const;

  Restore restore;
};

/// It listens to its own queue of the relay.
struct RestoreOnRelay {
  static constexpr Phase kPhase = Phase::restoring;
  static std::vector<Announced> announce(const Move& move) { return Restore::announce(move); }
  Ran run(const StopToken& stop) const;

  Restore restore;
};

}  // namespace ms2m
