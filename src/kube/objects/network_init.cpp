#include "kube/objects/network_init.hpp"

#include <string>

namespace ms2m {

bool sets_up_network(const Json& init_container) {
  const Json context = init_container.value("securityContext", Json::object());
  if (context.value("privileged", false)) return true;
  for (const Json& each : context.value("capabilities", Json::object()).value("add", Json::array())) {
    std::string capability = each.get<std::string>();
    if (capability.rfind("CAP_", 0) == 0) capability.erase(0, 4);
    if (capability == "NET_ADMIN" || capability == "NET_RAW" || capability == "ALL") return true;
  }
  const std::string name = init_container.value("name", "");
  for (const char* known :
       {"linkerd-init", "linkerd-network-validator", "istio-init", "istio-validation", "kuma-init", "kuma-validation"})
    if (name == known) return true;
  return false;
}

}  // namespace ms2m
