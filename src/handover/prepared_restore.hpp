// A restore by the runtime handler, between the creation of its pod and the life of its process.
#pragma once
#include <string>

#include "handover/restore_names.hpp"
#include "ms2m/cluster.hpp"
#include "ms2m/json.hpp"
#include "ms2m/node.hpp"
#include "ms2m/node_restore.hpp"
#include "ms2m/stop.hpp"

namespace ms2m {

/// A `create` waits for so long. A kubelet waits for its runtime for two minutes (runtimeRequestTimeout) and calls
/// again then, while the first call still waits; one with a shorter time does so sooner, which the handler bears.
inline constexpr std::chrono::seconds kRestoreWait{100};

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
/// the runtime's words.
std::string await_restored(NodeRestores& restores, const PreparedRestore& restore, const StopToken& stop);

}  // namespace ms2m
