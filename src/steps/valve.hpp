// ms2m's own consumer of the primary, which holds back what others would get, in its order.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "steps/guards.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// As long as anybody else consumes the queue. Error{failed}: about to hold as much as a quorum queue gives it.
void check_held(const Move& move, const Valve& valve);

/// A consumer that can be served while the valve is blocked, by more than it bears at a time, gets newer messages than
/// those that the valve holds: above that many the source stands still until everything has been taken.
struct CloseValve {
  /// What is planned to be done besides, of a source of which more is expected to wait.
  static std::vector<Announced> announce(const Move& move);
  /// Holds back what is in the primary and what comes. Returns from when on a flood (Valve::flooded()) may have served
  /// the source. Error{failed}, the source at work and the valve open again, when more waits than can be taken in the
  /// time for which the source may stand still. When the valve's connection was lost, the source stands still until the
  /// broker has certainly put back what it held.
  TimePoint now(const StopToken& stop) const;

  Move move;
  Broker& broker;
  BrokerAdmin& admin;
  ContainerProcess& processes;
  SourceProcess process;
  Journal& journal;
  Observer& observer;
  std::unique_ptr<Valve>& valve;
  std::optional<Seconds>& frozen;

 private:
  bool at_once(const StopToken& stop) const;
  void behind_frozen_source(const StopToken& stop) const;
  std::optional<std::chrono::seconds> heartbeat_of_source(const StopToken& stop) const;
};

}  // namespace ms2m
