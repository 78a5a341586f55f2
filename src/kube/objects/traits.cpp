#include "kube/objects/traits.hpp"

#include "base/fields.hpp"

namespace ms2m {

PodTraits traits_of(const Json& pod) {
  const Json& spec = object_at(pod, "spec");
  PodTraits traits;
  traits.host_network = flag_at(spec, "hostNetwork");
  traits.host_pid = flag_at(spec, "hostPID");
  traits.host_ipc = flag_at(spec, "hostIPC");
  traits.full_host_name = flag_at(spec, "setHostnameAsFQDN") && !text_at(spec, "subdomain").empty();
  traits.shared_processes = flag_at(spec, "shareProcessNamespace");
  traits.user_namespace = !flag_at(spec, "hostUsers", true);
  traits.resource_claims = !array_at(spec, "resourceClaims").empty();
  traits.runtime_class = text_at(spec, "runtimeClassName");
  for (const Json& gate : array_at(spec, "readinessGates"))
    traits.readiness_gates.push_back(text_at(gate, "conditionType"));
  return traits;
}

bool on_host_network(const Json& pod) { return flag_at(object_at(pod, "spec"), "hostNetwork"); }

std::chrono::seconds grace_period(const Json& pod) {
  return std::chrono::seconds(number_at(object_at(pod, "spec"), "terminationGracePeriodSeconds", 30));
}

}  // namespace ms2m
