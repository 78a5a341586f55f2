// Nodes and what pods ask of them: what the scheduler and the kubelet's admission look at. Pure.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kube/objects/object.hpp"
#include "kube/objects/quantity.hpp"
#include "ms2m/json.hpp"

namespace ms2m {

struct Taint {
  std::string key, value, effect;
};

/// What is wanted of a label, or of a node's name.
struct Requirement {
  std::string key, op;  ///< "In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"
  std::vector<std::string> values;
};

/// All of it must hold. "A null or empty node selector term matches no objects" (core/v1, NodeSelectorTerm).
struct NodeTerm {
  std::vector<Requirement> labels, fields;
};
/// The terms of the node selector at `key`; nullopt: there is none.
std::optional<std::vector<NodeTerm>> node_terms(const Json& in, const char* key);

struct Node {
  std::string name;
  std::string ready = "Unknown";  ///< "True", "False" or that
  bool cordoned = false;
  std::vector<Taint> taints;
  Labels labels;
  Quantities allocatable;  ///< what it does not say is not in it
  std::string architecture, kernel;
  std::string runtime;  ///< "cri-o://1.36.1"
};
Node parse_node(const Json& node);

struct Toleration {
  std::string key, op, value, effect;
};

/// Required, and between nodes.
struct AntiAffinity {
  std::vector<std::string> namespaces;  ///< none: the pod's own
  Json selector;                        ///< for selects()
};

/// What a copy of the pod asks of its node.
struct NodeDemands {
  std::vector<Toleration> tolerations;
  Labels selector;
  std::optional<std::vector<NodeTerm>> affinity;  ///< one of these; nullopt: any node
  std::vector<AntiAffinity> apart;
  Quantities requests;               ///< without its init containers, which a copy has not
  std::set<std::string> host_ports;  ///< "8080 (TCP)"; a port of the node can be had once
};
NodeDemands demands_of(const Json& pod);

/// A pod on a node, as it counts there.
struct Occupant {
  std::string ns, name;
  bool over = false;  ///< it has ended
  Labels labels;
  /// Of its containers with its sidecars; of an init container (beside the sidecars that began before it) where it asks
  /// for more, also when it has long ended; what the pod as a whole asks for instead of their sum; and its runtime's
  /// overhead.
  Quantities requests;
  std::set<std::string> host_ports;
};
Occupant parse_occupant(const Json& pod);

/// The node's addresses within the cluster.
std::vector<std::string> internal_addresses(const Json& node);

}  // namespace ms2m
