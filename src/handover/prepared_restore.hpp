// A restore by the runtime handler, between the creation of its pod and the life of its process.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "handover/restore_names.hpp"
#include "ms2m/cluster.hpp"
#include "ms2m/json.hpp"
#include "ms2m/node.hpp"
#include "ms2m/node_restore.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// How long a `create` waits: less than the node's kubelet does (runtimeRequestTimeout, two minutes where nobody says
/// otherwise), which calls again then, while the first call would still wait.
Millis restore_wait(const std::optional<Millis>& kubelet_patience);

struct RestorePorts {
  Cluster& cluster;
  NodeRestores& restores;
  NodeInspector& inspector;
};

/// Waits until the pod's container waits for its data, everything else of the pod being ready, and binds the restore to
/// that very pod. Returns the pod as it is then. Error{failed}: it can never run.
Json bind_when_waiting(const RestorePorts& ports, const PreparedRestore& restore, const ObjectRef& pod,
                       const std::string& container, const StopToken& stop);

/// Returns the container's ID as soon as the node says that its process runs, or has been completed. Error{failed} with
/// the runtime's words. `waits_for` is told at each news whether it is for the kubelet, which has the container started
/// when it is restored, and calls again where a `create` was lost; else it is for the runtime.
std::string await_restored(NodeRestores& restores, const PreparedRestore& restore, const StopToken& stop,
                           const std::function<void(bool kubelet)>& waits_for = {});

}  // namespace ms2m
