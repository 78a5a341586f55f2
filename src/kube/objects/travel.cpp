#include "kube/objects/travel.hpp"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "base/fields.hpp"

namespace ms2m {
namespace {

/// A domain with all below it; `names`: only these in it (none: all but `users`).
struct Writer {
  std::string_view domain;
  std::initializer_list<std::string_view> names;
  std::initializer_list<std::string_view> users;
};

bool listed(std::initializer_list<std::string_view> list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool below(std::string_view domain, std::string_view of) {
  return domain == of ||
         (domain.size() > of.size() && domain.ends_with(of) && domain[domain.size() - of.size() - 1] == '.');
}

bool written_by_a_network(std::string_view domain, std::string_view name) {
  static const Writer kWriters[] = {
      {"cni.projectcalico.org", {}, {"ipv4pools", "ipv6pools", "allowedSourcePrefixes", "qosIngressBandwidth"}},
      {"k8s.ovn.org", {}, {"routing-namespaces", "routing-network", "bfd-enabled", "open-default-ports"}},
      {"ovn.kubernetes.io",
       {},
       {"logical_switch", "ip_pool", "ingress_rate", "egress_rate", "security_groups", "port_security", "latency",
        "limit", "loss", "jitter", "north_gateway"}},
      {"vpc.amazonaws.com", {}, {}},
      {"whereabouts.cni.cncf.io", {}, {}},
      {"network.cilium.io", {}, {}},
      {"openstack.org", {"kuryr-vif", "kuryr-pod-label"}, {}},
      {"ambient.istio.io", {"redirection"}, {}},
      {"topology.kubernetes.io", {}, {}},
      {"failure-domain.beta.kubernetes.io", {}, {}},
  };
  for (const Writer& writer : kWriters)
    if (below(domain, writer.domain) && (writer.names.size() == 0 || listed(writer.names, name)) &&
        !listed(writer.users, name))
      return true;
  // The same under many vendors' domains.
  return listed(
      {"network-status", "networks-status", "podIP", "podIPs", "pod-ip", "pod-ips", "pod-eni", "pod-networks"}, name);
}

/// As a word: 10.16.0.9 is not in 10.16.0.91.
bool names(const std::string& text, const std::string& word) {
  const auto part_of_word = [&](std::size_t at) {
    return at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 ||
                                (text[at] == '.' && at + 1 < text.size() && text[at + 1] != ' ') || text[at] == ':');
  };
  if (word.size() < 3) return false;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
    if ((at == 0 || !part_of_word(at - 1)) && !part_of_word(at + word.size())) return true;
  return false;
}

std::vector<std::string> marks_of(const Json& pod) {
  std::vector<std::string> marks;
  const auto add = [&](const std::string& mark) {
    if (!mark.empty()) marks.push_back(mark);
  };
  add(text_at(object_at(pod, "metadata"), "uid"));
  const Json& status = object_at(pod, "status");
  add(text_at(status, "podIP"));
  for (const Json& each : array_at(status, "podIPs")) add(text_at(each, "ip"));
  for (const Json& each : array_at(status, "containerStatuses")) {
    const std::string id = text_at(each, "containerID");
    add(id.substr(id.find("//") == std::string::npos ? 0 : id.find("//") + 2));
  }
  // With the host's network the address is the node's, and anybody may have written that.
  if (flag_at(object_at(pod, "spec"), "hostNetwork")) marks.clear();
  return marks;
}

}  // namespace

bool travels(const std::string& key, const Json& value, const Json& pod) {
  const auto slash = key.find('/');
  const std::string domain = slash == std::string::npos ? "" : key.substr(0, slash),
                    name = slash == std::string::npos ? key : key.substr(slash + 1);
  if (!domain.empty() && written_by_a_network(domain, name)) return false;
  if (key == "kubernetes.io/hostname" || key == "vpaUpdates" || key == "vpaObservedContainers") return false;
  if (!value.is_string()) return true;
  const auto text = value.get<std::string>();
  const auto marks = marks_of(pod);
  return std::none_of(marks.begin(), marks.end(), [&](const std::string& mark) { return names(text, mark); });
}

}  // namespace ms2m
