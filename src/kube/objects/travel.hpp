// Which labels and annotations of a pod go with it to another node. Pure.
#pragma once
#include <string>

#include "ms2m/json.hpp"

namespace ms2m {

/// False for what a network, the kubelet or a controller wrote on this very pod, and not whoever wrote the workload:
/// - by key: the state of Calico, OVN-Kubernetes, Kube-OVN, Multus, Cilium, AWS VPC, Kuryr, Istio's ambient mode and
/// the
///   vertical pod autoscaler; topology labels, which come from the node (API server since 1.35). What a user sets below
///   the same domains (address pools, networks, rates) goes along;
/// - by value, whoever wrote it: what names one of the pod's addresses, its uid or one of its containers.
bool travels(const std::string& key, const Json& value, const Json& pod);

}  // namespace ms2m
