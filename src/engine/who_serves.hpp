// Who has the queue, as far as the cluster can tell.
#pragma once
#include <string>

#include "ms2m/cluster.hpp"
#include "ms2m/event.hpp"
#include "ms2m/outcome.hpp"
#include "ms2m/place.hpp"

namespace ms2m {

/// The target's pod, which the broker saw consume, if it is there. A pod of a StatefulSet has the same name everywhere.
/// A cluster that cannot be asked is taken to have nothing against it.
/// `own`: it has begun from its own image, and is no copy of a process.
Serving target_serves(Cluster& cluster, const Outcome& outcome, bool own);
/// The source's pod. `uid`: what it had; under another one it is what its controller has started in its place. Empty:
/// whichever has the name.
Serving source_serves(Cluster& cluster, const Outcome& outcome, const std::string& uid = "");
/// Waits a moment for the target to be Ready; if it is not by then: a warning.
void await_ready(Cluster& cluster, Observer& observer, const Outcome& outcome, const Place& place);

}  // namespace ms2m
