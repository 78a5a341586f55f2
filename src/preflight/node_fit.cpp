#include "preflight/node_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "ms2m/remedy.hpp"

namespace ms2m {

namespace {

bool tolerates(const Toleration& toleration, const Taint& taint) {
  if (!toleration.effect.empty() && toleration.effect != taint.effect) return false;
  if (toleration.key.empty()) return toleration.op == "Exists";
  if (toleration.key != taint.key) return false;
  return toleration.op == "Exists" || toleration.value == taint.value;
}

void check_taints(const NodeDemands& pod, const Node& node, const Place& place, std::vector<Misfit>& out) {
  for (const Taint& taint : node.taints) {
    if (taint.effect == "PreferNoSchedule" || taint.key == "node.kubernetes.io/unschedulable") continue;
    if (std::any_of(pod.tolerations.begin(), pod.tolerations.end(),
                    [&](const Toleration& each) { return tolerates(each, taint); }))
      continue;
    out.push_back(
        {fmt::format("node {} has the taint {}:{}, which the pod does not tolerate", node.name, taint.key,
                     taint.effect),
         "add a toleration to the workload, or: " +
             remedy::command(remedy::Command::untaint_node, place, {node.name, taint.key + ":" + taint.effect})});
  }
}

void check_state(const Node& node, const Place& place, std::vector<Misfit>& out) {
  if (node.ready != "True")
    out.push_back({fmt::format("node {} is not Ready ({})", node.name, node.ready),
                   "why: " + remedy::command(remedy::Command::describe_node, place, {node.name})});
  if (node.cordoned)
    out.push_back({fmt::format("node {} is cordoned", node.name),
                   remedy::command(remedy::Command::uncordon_node, place, {node.name})});
}

bool matches(const Requirement& wanted, const Labels& labels) {
  const auto found = labels.find(wanted.key);
  const bool present = found != labels.end();
  const bool listed =
      present && std::find(wanted.values.begin(), wanted.values.end(), found->second) != wanted.values.end();
  if (wanted.op == "In") return listed;
  if (wanted.op == "NotIn") return !listed;
  if (wanted.op == "Exists") return present;
  if (wanted.op == "DoesNotExist") return !present;
  if (!present || wanted.values.empty()) return false;
  const long have = std::atol(found->second.c_str()), want = std::atol(wanted.values.front().c_str());
  return wanted.op == "Gt" ? have > want : have < want;
}

bool term_matches(const NodeTerm& term, const Node& node) {
  const auto all = [](const std::vector<Requirement>& wanted, const Labels& labels) {
    return std::all_of(wanted.begin(), wanted.end(), [&](const Requirement& each) { return matches(each, labels); });
  };
  if (term.labels.empty() && term.fields.empty()) return false;
  return all(term.labels, node.labels) && all(term.fields, {{"metadata.name", node.name}});
}

/// nullopt: whatever the node.
bool matches(const std::optional<std::vector<NodeTerm>>& terms, const Node& node) {
  return !terms ||
         std::any_of(terms->begin(), terms->end(), [&](const NodeTerm& term) { return term_matches(term, node); });
}

void check_selectors(const NodeDemands& pod, const Node& node, std::vector<Misfit>& out) {
  for (const auto& [key, value] : pod.selector)
    if (const auto label = node.labels.find(key); label == node.labels.end() || label->second != value)
      out.push_back({fmt::format("the pod's nodeSelector {}={} does not match node {}", key, value, node.name),
                     "choose a node that has the label, or change the workload's nodeSelector first"});
  if (!matches(pod.affinity, node))
    out.push_back({fmt::format("the pod's required node affinity does not match node {}", node.name),
                   "choose a node that it matches, or change the workload's affinity first"});
}

void check_resources(const NodeDemands& pod, const Node& node, const std::vector<Occupant>& others,
                     std::vector<Misfit>& out) {
  const auto allocatable = [&](const std::string& resource) {
    const auto found = node.allocatable.find(resource);
    return found == node.allocatable.end() ? std::nullopt : std::optional(found->second);
  };
  Quantities taken;
  std::int64_t running = 0;
  for (const Occupant& other : others) {
    if (other.over) continue;
    ++running;
    add(taken, other.requests);
  }
  for (const auto& [resource, asked] : pod.requests) {
    const bool always_there = resource == "cpu" || resource == "memory" || resource == "ephemeral-storage";
    const auto there = allocatable(resource);
    if (asked == 0 || (always_there && !there)) continue;  // a node that does not say
    const std::int64_t left = there.value_or(0) - taken[resource];
    if (asked > left)
      out.push_back({fmt::format("node {} has too little free {}: {:.3g} asked, {:.3g} left", node.name, resource,
                                 static_cast<double>(asked) / 1000.0, static_cast<double>(left) / 1000.0),
                     "choose another node or make room on this one"});
  }
  const std::int64_t pods = allocatable("pods").value_or(0) / 1000;
  if (pods > 0 && running >= pods)
    out.push_back(
        {fmt::format("node {} is full: {} pods", node.name, running), "choose another node or make room on this one"});
}

/// The kubelet's NodePorts admission.
void check_host_ports(const NodeDemands& pod, const Node& node, const std::vector<Occupant>& others,
                      std::vector<Misfit>& out) {
  for (const Occupant& other : others) {
    if (other.over) continue;
    for (const std::string& port : other.host_ports)
      if (pod.host_ports.count(port) > 0)
        out.push_back({fmt::format("host port {} of node {} is taken by pod {}", port, node.name, other.name),
                       "choose another node"});
  }
}

}  // namespace

std::vector<Misfit> misfits(const NodeDemands& pod, const Node& node, const std::vector<Occupant>& pods_on_node,
                            const Place& place) {
  std::vector<Misfit> out;
  check_state(node, place, out);
  check_taints(pod, node, place, out);
  check_selectors(pod, node, out);
  check_resources(pod, node, pods_on_node, out);
  check_host_ports(pod, node, pods_on_node, out);
  return out;
}

bool reaches(const Node& node, const PersistentVolume& volume) { return matches(volume.nodes, node); }

}  // namespace ms2m
