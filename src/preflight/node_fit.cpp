#include "preflight/node_fit.hpp"
#include "ms2m/remedy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

namespace ms2m {

std::optional<std::int64_t> parse_quantity(const std::string& quantity) {
  static const std::map<std::string, double> kSuffixes{{"", 1},
                                                       {"n", 1e-9},
                                                       {"u", 1e-6},
                                                       {"m", 1e-3},
                                                       {"k", 1e3},
                                                       {"M", 1e6},
                                                       {"G", 1e9},
                                                       {"T", 1e12},
                                                       {"P", 1e15},
                                                       {"E", 1e18},
                                                       {"Ki", 1024.0},
                                                       {"Mi", 1048576.0},
                                                       {"Gi", 1073741824.0},
                                                       {"Ti", 1099511627776.0},
                                                       {"Pi", 1125899906842624.0},
                                                       {"Ei", 1152921504606846976.0}};
  char* end = nullptr;
  const double number = std::strtod(quantity.c_str(), &end);
  if (end == quantity.c_str()) return std::nullopt;
  const auto suffix = kSuffixes.find(end);
  if (suffix == kSuffixes.end()) return std::nullopt;
  return static_cast<std::int64_t>(std::llround(number * suffix->second * 1000));
}

namespace {

std::string name_of(const Json& object) { return object.at("metadata").value("name", ""); }

bool tolerates(const Json& toleration, const Json& taint) {
  const std::string effect = toleration.value("effect", ""), key = toleration.value("key", "");
  if (!effect.empty() && effect != taint.value("effect", "")) return false;
  if (key.empty()) return toleration.value("operator", "Equal") == "Exists";
  if (key != taint.value("key", "")) return false;
  return toleration.value("operator", "Equal") == "Exists" || toleration.value("value", "") == taint.value("value", "");
}

void check_taints(const Json& pod, const Json& node, const Place& place, std::vector<Misfit>& out) {
  const Json tolerations = pod.at("spec").value("tolerations", Json::array());
  for (const Json& taint : node.value("spec", Json::object()).value("taints", Json::array())) {
    const std::string effect = taint.value("effect", ""), key = taint.value("key", "");
    if (effect == "PreferNoSchedule" || key == "node.kubernetes.io/unschedulable") continue;
    if (std::any_of(tolerations.begin(), tolerations.end(), [&](const Json& t) { return tolerates(t, taint); }))
      continue;
    out.push_back(
        {fmt::format("node {} has the taint {}:{}, which the pod does not tolerate", name_of(node), key, effect),
         "add a toleration to the workload, or: " +
             remedy::command(remedy::Command::untaint_node, place, {name_of(node), key + ":" + effect})});
  }
}

void check_state(const Json& node, const Place& place, std::vector<Misfit>& out) {
  std::string ready = "Unknown";
  for (const Json& condition : node.value("status", Json::object()).value("conditions", Json::array()))
    if (condition.value("type", "") == "Ready") ready = condition.value("status", "");
  if (ready != "True")
    out.push_back({fmt::format("node {} is not Ready ({})", name_of(node), ready),
                   "why: " + remedy::command(remedy::Command::describe_node, place, {name_of(node)})});
  if (node.value("spec", Json::object()).value("unschedulable", false))
    out.push_back({fmt::format("node {} is cordoned", name_of(node)),
                   remedy::command(remedy::Command::uncordon_node, place, {name_of(node)})});
}

bool matches(const Json& expression, const Json& labels) {
  const std::string key = expression.value("key", ""), op = expression.value("operator", "");
  const Json values = expression.value("values", Json::array());
  const bool present = labels.contains(key);
  const bool listed = present && std::find(values.begin(), values.end(), labels.at(key)) != values.end();
  if (op == "In") return listed;
  if (op == "NotIn") return !listed;
  if (op == "Exists") return present;
  if (op == "DoesNotExist") return !present;
  if (!present || values.empty()) return false;
  const long have = std::atol(labels.at(key).get<std::string>().c_str()),
             want = std::atol(values[0].get<std::string>().c_str());
  return op == "Gt" ? have > want : have < want;
}

/// "A null or empty node selector term matches no objects" (core/v1, NodeSelectorTerm).
bool term_matches(const Json& term, const Json& node) {
  if (!term.is_object() ||
      (term.value("matchExpressions", Json::array()).empty() && term.value("matchFields", Json::array()).empty()))
    return false;
  const Json labels = node.at("metadata").value("labels", Json::object());
  for (const Json& expression : term.value("matchExpressions", Json::array()))
    if (!matches(expression, labels)) return false;
  const Json fields{{"metadata.name", name_of(node)}};
  for (const Json& expression : term.value("matchFields", Json::array()))
    if (!matches(expression, fields)) return false;
  return true;
}

void check_selectors(const Json& pod, const Json& node, std::vector<Misfit>& out) {
  const Json& spec = pod.at("spec");
  const Json labels = node.at("metadata").value("labels", Json::object());
  const Json selector = spec.value("nodeSelector", Json::object());
  for (const auto& [key, value] : selector.items())
    if (!labels.contains(key) || labels.at(key) != value)
      out.push_back({fmt::format("the pod's nodeSelector {}={} does not match node {}", key, value.get<std::string>(),
                                 name_of(node)),
                     "choose a node that has the label, or change the workload's nodeSelector first"});
  const Json affinity = spec.value("affinity", Json::object()).value("nodeAffinity", Json::object());
  const Json required = affinity.value("requiredDuringSchedulingIgnoredDuringExecution", Json());
  const Json terms = required.is_object() ? required.value("nodeSelectorTerms", Json::array()) : Json::array();
  if (required.is_object() &&
      std::none_of(terms.begin(), terms.end(), [&](const Json& term) { return term_matches(term, node); }))
    out.push_back({fmt::format("the pod's required node affinity does not match node {}", name_of(node)),
                   "choose a node that it matches, or change the workload's affinity first"});
}

using Quantities = std::map<std::string, std::int64_t>;  ///< in thousandths

Quantities quantities(const Json& of) {
  Quantities all;
  for (const auto& [name, quantity] : of.items())
    if (quantity.is_string()) all[name] = parse_quantity(quantity.get<std::string>()).value_or(0);
  return all;
}

void add(Quantities& sum, const Quantities& more) {
  for (const auto& [name, amount] : more) sum[name] += amount;
}

Quantities requests_in(const Json& resources_of) {
  return quantities(resources_of.value("resources", Json::object()).value("requests", Json::object()));
}

/// What the kubelet counts for a pod: its containers with its sidecars; an init container (beside the sidecars that
/// began before it) where it asks for more, also when it has long ended; what the pod as a whole asks for instead of
/// their sum; and its runtime's overhead. `init`: false for a copy, which comes without its init containers.
Quantities requests_of(const Json& pod, bool init) {
  const Json& spec = pod.at("spec");
  Quantities sum, sidecars, most;
  for (const Json& container : spec.at("containers")) add(sum, requests_in(container));
  for (const Json& container : spec.value("initContainers", Json::array())) {
    if (container.value("restartPolicy", "") == "Always") {
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
  add(sum, quantities(spec.value("overhead", Json::object())));
  return sum;
}

bool is_over(const Json& pod) {
  const std::string phase = pod.value("status", Json::object()).value("phase", "");
  return phase == "Succeeded" || phase == "Failed";
}

void check_resources(const Json& pod, const Json& node, const std::vector<Json>& others, std::vector<Misfit>& out) {
  const Json allocatable = node.value("status", Json::object()).value("allocatable", Json::object());
  Quantities taken;
  std::int64_t running = 0;
  for (const Json& other : others) {
    if (is_over(other)) continue;
    ++running;
    add(taken, requests_of(other, true));
  }
  for (const auto& [resource, asked] : requests_of(pod, false)) {
    const bool always_there = resource == "cpu" || resource == "memory" || resource == "ephemeral-storage";
    if (asked == 0 || (always_there && !allocatable.contains(resource))) continue;  // a node that does not say
    const std::int64_t left = parse_quantity(allocatable.value(resource, "0")).value_or(0) - taken[resource];
    if (asked > left)
      out.push_back({fmt::format("node {} has too little free {}: {:.3g} asked, {:.3g} left", name_of(node), resource,
                                 static_cast<double>(asked) / 1000.0, static_cast<double>(left) / 1000.0),
                     "choose another node or make room on this one"});
  }
  const std::int64_t pods =
      allocatable.contains("pods") ? parse_quantity(allocatable.at("pods").get<std::string>()).value_or(0) / 1000 : 0;
  if (pods > 0 && running >= pods)
    out.push_back({fmt::format("node {} is full: {} pods", name_of(node), running),
                   "choose another node or make room on this one"});
}

/// "8080 (TCP)" of every container; a port of the node can be had once (the kubelet's NodePorts admission).
std::set<std::string> host_ports(const Json& pod) {
  std::set<std::string> ports;
  for (const Json& container : pod.at("spec").at("containers"))
    for (const Json& port : container.value("ports", Json::array()))
      if (const int number = port.value("hostPort", 0); number != 0)
        ports.insert(fmt::format("{} ({})", number, port.value("protocol", "TCP")));
  return ports;
}

void check_host_ports(const Json& pod, const Json& node, const std::vector<Json>& others, std::vector<Misfit>& out) {
  const std::set<std::string> wanted = host_ports(pod);
  if (wanted.empty()) return;
  for (const Json& other : others) {
    if (is_over(other)) continue;
    for (const std::string& port : host_ports(other))
      if (wanted.count(port) > 0)
        out.push_back({fmt::format("host port {} of node {} is taken by pod {}", port, name_of(node), name_of(other)),
                       "choose another node"});
  }
}

}  // namespace

std::vector<Misfit> misfits(const Json& pod, const Json& node, const std::vector<Json>& pods_on_node,
                            const Place& place) {
  std::vector<Misfit> out;
  check_state(node, place, out);
  check_taints(pod, node, place, out);
  check_selectors(pod, node, out);
  check_resources(pod, node, pods_on_node, out);
  check_host_ports(pod, node, pods_on_node, out);
  return out;
}

bool reaches(const Json& node, const Json& volume) {
  const Json affinity = volume.at("spec").value("nodeAffinity", Json::object()).value("required", Json());
  if (!affinity.is_object()) return true;
  const Json terms = affinity.value("nodeSelectorTerms", Json::array());
  return std::any_of(terms.begin(), terms.end(), [&](const Json& term) { return term_matches(term, node); });
}

}  // namespace ms2m
