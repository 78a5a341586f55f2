// The words for objects and rights, as every message uses them.
#include "ms2m/cluster.hpp"

namespace ms2m {
namespace {

const char* word(Kind kind) {
  switch (kind) {
    case Kind::pod:
      return "pod";
    case Kind::node:
      return "node";
    case Kind::event:
      return "event";
    case Kind::lease:
      return "lease";
    case Kind::secret:
      return "secret";
    case Kind::config_map:
      return "config map";
    case Kind::service_account:
      return "service account";
    case Kind::persistent_volume_claim:
      return "persistent volume claim";
    case Kind::persistent_volume:
      return "persistent volume";
    case Kind::pod_disruption_budget:
      return "pod disruption budget";
    case Kind::deployment:
      return "deployment";
    case Kind::replica_set:
      return "replica set";
    case Kind::stateful_set:
      return "stateful set";
    case Kind::controller_revision:
      return "controller revision";
    case Kind::horizontal_pod_autoscaler:
      return "horizontal pod autoscaler";
    case Kind::scaled_object:
      return "scaled object";
    case Kind::runtime_class:
      return "runtime class";
  }
  return "object";
}

}  // namespace

std::string to_string(const ObjectRef& ref) {
  return std::string(word(ref.kind)) + " " + (ref.ns.empty() ? "" : ref.ns + "/") + ref.name;
}

std::string to_string(const Right& right) {
  std::string text = right.verb + " " + right.resource;
  if (!right.group.empty()) text += "." + right.group;
  if (!right.subresource.empty()) text += "/" + right.subresource;
  if (!right.name.empty()) text += " \"" + right.name + "\"";
  if (!right.ns.empty()) text += " in namespace " + right.ns;
  return text;
}

}  // namespace ms2m
