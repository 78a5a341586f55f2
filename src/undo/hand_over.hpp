// After the pivot: the copy is sent to the queue until it serves.
#pragma once
#include <optional>
#include <string>

#include "handover/arrival.hpp"
#include "journal/journal.hpp"
#include "kube/objects/pod_state.hpp"
#include "ms2m/cluster.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

struct HandOver {
  Arrival arrival;        ///< at the primary
  ObjectRef target;       ///< the copy's pod
  std::string container;  ///< in it; empty: which instance of it runs is not looked at
  std::string instance;   ///< to which the queue was given (instance_in()); empty: whichever there is
  std::string message;    ///< END_REPLAY
  /// Another instance lacks what was relayed to the first one (shadow): it must not have the queue.
  bool only_that_instance = false;
  Seconds limit{0};  ///< for it to serve; 0: none of its own
};
HandOver hand_over_of(const op::ResumeTarget& operation);
/// Of a stream: its target and the process there, nothing else.
HandOver hand_over_of(const op::ServeStream& operation);

/// Error{inconsistent}: in the pod, if it is there, is another instance than the queue was given to, and must not have
/// it.
void check_instance(const HandOver& hand_over, const std::optional<Json>& pod);

/// It is certain that another instance runs in the pod than the queue was given to.
bool another_instance(Cluster& cluster, const HandOver& hand_over, const StopToken& stop);

/// Waits until nobody consumes the queue in the copy's place: for as long as the broker holds the connection of a node
/// that died, two or three heartbeats. `doing`: for the Error{timeout}.
void await_copy_gone(const Migrator::Ports& ports, const Arrival& copy, const std::string& doing,
                     const StopToken& stop);

/// Returns when the copy serves. The message, which must have been sent once, is repeated to a container that was
/// started again since (restored from the same checkpoint, it listens to the hold queue), and every five seconds to one
/// that has taken it and not obeyed. Error{inconsistent}: its pod is lost, or it is the wrong instance; Error{timeout}
/// after the limit. An API server that cannot be asked says nothing. `unseen`, on an Error: the longest time in which
/// the copy could have come and gone without being seen.
void await_service(Cluster& cluster, Broker& broker, BrokerAdmin& admin, const HandOver& hand_over,
                   const StopToken& stop, Millis* unseen = nullptr);

}  // namespace ms2m
