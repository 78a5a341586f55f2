// Whether a pod may run on a node: what the scheduler and the kubelet's admission would say. ms2m binds the pod itself
// (nodeName), so it asks first: the kubelet rejects what does not fit. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/json.hpp"
#include "ms2m/place.hpp"

namespace ms2m {

/// Kubernetes quantities ("250m", "64Mi", "1.5", "2e3") in thousandths of the unit; nullopt: not a quantity.
std::optional<std::int64_t> parse_quantity(const std::string& quantity);

struct Misfit {
  std::string text;
  std::string cure;
};

/// Everything that speaks against it: not Ready, cordoned, taints not tolerated, nodeSelector or required node affinity
/// not matched, requests beyond what is free (of any resource), ports of the node that are taken.
std::vector<Misfit> misfits(const Json& pod, const Json& node, const std::vector<Json>& pods_on_node,
                            const Place& place = {});

/// Whether a pod on this node can have the PersistentVolume: its required node affinity (a local volume has one).
bool reaches(const Json& node, const Json& volume);

}  // namespace ms2m
