// What must stay as it is while a migration goes on: checks that several steps share, each of the few things that it
// looks at.
#pragma once
#include <cstdint>
#include <string>

#include "ms2m/stop.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// Error{unavailable} when it broke; Error{failed} when it did because it was full.
void check_valve(const Valve& valve);

/// The dead man's switch, the relay, the valve and the memory that follows a copy; cheap, for every loop that waits.
struct Guards {
  const OwnConnections& own;

  /// Throws Error{inconsistent} when the switch has fired, and says so when it did because ms2m was stopped;
  /// Error{unavailable} when the relay broke; as check_valve() and MemoryFlow::check().
  void check() const;
};

/// Who consumes the primary.
struct PrimaryWatch {
  Move move;
  Cluster& cluster;
  Broker& broker;
  BrokerAdmin& admin;
  const QuietSource& source;
  const WaitingCopy& copy;

  /// Of its consumers, those that are the source's or its copy's, or nobody's that was there before. `ours`: of ms2m's
  /// own.
  std::uint64_t uninvited(std::uint64_t ours, const StopToken& stop) const;
  /// Throws Error{inconsistent} when there are any: a copy that lost its connection and went back to the primary has
  /// taken messages that the other one never gets.
  void check(std::uint64_t ours, const StopToken& stop) const;
};

/// The process that is moved: one that was started again is another process, although the pod is the same.
struct SourceProcess {
  const Plan& plan;
  Cluster& cluster;

  /// ID and restarts of its container. Error{inconsistent} when the pod is gone.
  std::string instance(const StopToken& stop) const;
  /// The same; Error{inconsistent} also when it is another one than in `seen`, which is the pod as it was then.
  std::string instance_as_in(const Json& seen, const StopToken& stop) const;
  /// Throws Error{inconsistent} when it is not `source` any more, or its pod is gone.
  void check(const QuietSource& source, const StopToken& stop) const;
};

/// The source that listens to the hold queue.
struct StillQuiet {
  Observer& observer;
  Guards guards;
  PrimaryWatch primary;
  SourceProcess process;

  /// Throws Error{inconsistent} unless the source is the very process that became quiet, and still is: `on_hold`
  /// consumers of the hold queue, nobody new on the primary, the dead man's switch not fired. A connection that was
  /// lost and is made again within the request's time for that is no harm: it is waited for.
  void check(std::uint64_t on_hold, const StopToken& stop) const;
};

}  // namespace ms2m
