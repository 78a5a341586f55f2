// Whether a pod may run on a node: what the scheduler and the kubelet's admission would say. ms2m binds the pod itself
// (nodeName), so it asks first: the kubelet rejects what does not fit. Pure.
#pragma once
#include <string>
#include <vector>

#include "kube/objects/placement.hpp"
#include "kube/objects/volumes.hpp"
#include "ms2m/place.hpp"

namespace ms2m {

struct Misfit {
  std::string text;
  std::string cure;
};

/// Everything that speaks against it: not Ready, cordoned, taints not tolerated, nodeSelector or required node affinity
/// not matched, requests beyond what is free (of any resource), ports of the node that are taken.
std::vector<Misfit> misfits(const NodeDemands& pod, const Node& node, const std::vector<Occupant>& pods_on_node,
                            const Place& place = {});

/// Whether a pod on this node can have the PersistentVolume: its required node affinity (a local volume has one).
bool reaches(const Node& node, const PersistentVolume& volume);

}  // namespace ms2m
