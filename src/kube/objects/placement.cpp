#include "kube/objects/placement.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/fields.hpp"
#include "kube/objects/pod_state.hpp"

namespace ms2m {
namespace {

const Json& spec_of(const Json& object) { return object_at(object, "spec"); }

std::vector<Requirement> requirements(const Json& expressions) {
  std::vector<Requirement> all;
  for (const Json& each : expressions)
    all.push_back({text_at(each, "key"), text_at(each, "operator"), texts_at(each, "values")});
  return all;
}

std::vector<Taint> taints_of(const Json& node) {
  std::vector<Taint> all;
  for (const Json& taint : array_at(spec_of(node), "taints"))
    all.push_back({text_at(taint, "key"), text_at(taint, "value"), text_at(taint, "effect")});
  return all;
}

std::vector<Toleration> tolerations_of(const Json& pod) {
  std::vector<Toleration> all;
  for (const Json& each : array_at(spec_of(pod), "tolerations"))
    all.push_back(
        {text_at(each, "key"), text_at(each, "operator", "Equal"), text_at(each, "value"), text_at(each, "effect")});
  return all;
}

/// Only what names the node itself.
std::vector<AntiAffinity> anti_affinity_of(const Json& pod) {
  std::vector<AntiAffinity> all;
  const Json& anti = object_at(object_at(spec_of(pod), "affinity"), "podAntiAffinity");
  for (const Json& term : array_at(anti, "requiredDuringSchedulingIgnoredDuringExecution"))
    if (text_at(term, "topologyKey") == "kubernetes.io/hostname" && !term.contains("namespaceSelector") &&
        term.contains("labelSelector"))
      all.push_back({texts_at(term, "namespaces"), term.at("labelSelector")});
  return all;
}

Quantities requests_in(const Json& of) { return parse_quantities(object_at(object_at(of, "resources"), "requests")); }

Quantities requests_of(const Json& pod, bool init) {
  const Json& spec = spec_of(pod);
  Quantities sum, sidecars, most;
  for (const Json& container : array_at(spec, "containers")) add(sum, requests_in(container));
  for (const Json& container : array_at(spec, "initContainers")) {
    if (text_at(container, "restartPolicy") == "Always") {
      add(sidecars, requests_in(container));
      continue;
    }
    Quantities at_that_time = sidecars;
    add(at_that_time, requests_in(container));
    for (const auto& [name, amount] : at_that_time) most[name] = std::max(most[name], amount);
  }
  add(sum, sidecars);
  if (init)
    for (const auto& [name, amount] : most) sum[name] = std::max(sum[name], amount);
  for (const auto& [name, amount] : requests_in(spec)) sum[name] = amount;
  add(sum, parse_quantities(object_at(spec, "overhead")));
  return sum;
}

std::set<std::string> host_ports_of(const Json& pod) {
  std::set<std::string> ports;
  for (const Json& container : array_at(spec_of(pod), "containers"))
    for (const Json& port : array_at(container, "ports"))
      if (const auto number = number_at(port, "hostPort", 0); number != 0)
        ports.insert(fmt::format("{} ({})", number, text_at(port, "protocol", "TCP")));
  return ports;
}

}  // namespace

std::optional<std::vector<NodeTerm>> node_terms(const Json& in, const char* key) {
  const auto selector = in.find(key);
  if (selector == in.end() || !selector->is_object()) return std::nullopt;
  std::vector<NodeTerm> terms;
  for (const Json& term : array_at(*selector, "nodeSelectorTerms")) {
    NodeTerm& added = terms.emplace_back();
    if (!term.is_object()) continue;
    added = {requirements(array_at(term, "matchExpressions")), requirements(array_at(term, "matchFields"))};
  }
  return terms;
}

Node parse_node(const Json& object) {
  Node node;
  const Json& status = object_at(object, "status");
  node.name = name_of(object);
  for (const Json& condition : array_at(status, "conditions"))
    if (text_at(condition, "type") == "Ready") node.ready = text_at(condition, "status");
  node.cordoned = flag_at(spec_of(object), "unschedulable");
  node.taints = taints_of(object);
  node.labels = labels_of(object);
  node.allocatable = parse_quantities(object_at(status, "allocatable"));
  const Json& info = object_at(status, "nodeInfo");
  node.architecture = text_at(info, "architecture");
  node.kernel = text_at(info, "kernelVersion");
  node.runtime = text_at(info, "containerRuntimeVersion");
  return node;
}

NodeDemands demands_of(const Json& pod) {
  const Json& affinity = object_at(object_at(spec_of(pod), "affinity"), "nodeAffinity");
  NodeDemands demands;
  demands.tolerations = tolerations_of(pod);
  for (const auto& [key, value] : object_at(spec_of(pod), "nodeSelector").items())
    demands.selector[key] = value.is_string() ? value.get<std::string>() : value.dump();
  demands.affinity = node_terms(affinity, "requiredDuringSchedulingIgnoredDuringExecution");
  demands.apart = anti_affinity_of(pod);
  demands.requests = requests_of(pod, false);
  demands.host_ports = host_ports_of(pod);
  return demands;
}

Occupant parse_occupant(const Json& pod) {
  return {namespace_of(pod), name_of(pod),           pod_is_over(pod),
          labels_of(pod),    requests_of(pod, true), host_ports_of(pod)};
}

std::vector<std::string> internal_addresses(const Json& node) {
  std::vector<std::string> found;
  for (const Json& address : array_at(object_at(node, "status"), "addresses"))
    if (text_at(address, "type") == "InternalIP") found.push_back(text_at(address, "address"));
  return found;
}

}  // namespace ms2m
