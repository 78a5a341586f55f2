// How NodeLook is read on a node.
#pragma once
#include <string>

#include "kube/objects/object.hpp"
#include "ms2m/archive.hpp"
#include "ms2m/node.hpp"
#include "ms2m/node_look.hpp"

namespace ms2m {

/// One command on the node; changes nothing. The kubelet's directory is what the mounts of the pod's volumes are below,
/// /var/lib/kubelet, or what the command line of a process names with --root-dir: the first that has a directory
/// pods/<uid>. An emptyDir is <that>/pods/<uid>/volumes/kubernetes.io~empty-dir/<name>, mounted there by the kubelet
/// when it is in memory; /dev/shm is found by a process whose control group has the container's ID in its path; open
/// files and listening sockets are those of the first 100 such processes. What cannot be found is unknown: an Error of
/// the shell too, as whoever needs the node will meet it. Throws Cancelled.
NodeLook look_at_node(NodeShell& shell, const std::string& node, const LookAt& what, const StopToken& stop);

}  // namespace ms2m
