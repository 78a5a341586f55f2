// What NodeLook says, read here.
#pragma once
#include "node/program/roots.hpp"
#include "node/protocol/messages.hpp"
#include "node/runtime/runtime.hpp"

namespace ms2m::node {

/// Changes nothing. The kubelet's directory is what the mounts of the pod's volumes are below, the usual one, or what
/// the command line of a process names with --root-dir: the first that has a directory pods/<uid>. An emptyDir is
/// <that>/pods/<uid>/volumes/kubernetes.io~empty-dir/<name>, mounted there by the kubelet when it is in memory;
/// /dev/shm is found by a process whose control group has the container's ID in its path; open files and sockets are
/// those of the first 100 such processes. `runtime` may be nullptr. Throws Cancelled.
LookAnswer look(const Roots& roots, const NodeRuntime* runtime, const LookAt& at, const StopToken& stop);

}  // namespace ms2m::node
