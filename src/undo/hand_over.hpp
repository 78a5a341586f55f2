// After the pivot: the copy is sent to the queue until it serves, or is given up while the source still waits.
#pragma once
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

/// Returns when the copy serves. The message, which must have been sent once, is repeated to a container that was
/// started again since (restored from the same checkpoint, it listens to the hold queue), and every five seconds to one
/// that has taken it and not obeyed. Error{inconsistent}: its pod is lost, or it is the wrong instance; Error{timeout}
/// after the limit. An API server that cannot be asked says nothing.
void await_service(const Migrator::Ports& ports, const HandOver& hand_over, const StopToken& stop);

enum class Withdrawal {
  impossible,  ///< the copy is not there, or the source is not there any more, or was never to wait for it
  serves,      ///< the copy does so after all
  withdrawn,   ///< it has ended for certain, and nobody consumes in its place
};
/// For a copy that was given the queue and has not been seen to serve. Its containers are frozen on their node, so that
/// what is seen then stays so; if none of them consumes, its pod is deleted and its end waited for. Error when that
/// could not be seen: then it may serve yet.
Withdrawal withdraw_idle_copy(const Migrator::Ports& ports, const Journal& journal, const StopToken& stop);

}  // namespace ms2m
