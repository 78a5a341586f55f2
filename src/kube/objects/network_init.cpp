#include "kube/objects/network_init.hpp"

#include <string>

#include "base/fields.hpp"

namespace ms2m {

bool sets_up_network(const Json& init_container) {
  const Json& context = object_at(init_container, "securityContext");
  if (flag_at(context, "privileged")) return true;
  for (std::string capability : texts_at(object_at(context, "capabilities"), "add")) {
    if (capability.rfind("CAP_", 0) == 0) capability.erase(0, 4);
    if (capability == "NET_ADMIN" || capability == "NET_RAW" || capability == "ALL") return true;
  }
  const std::string name = text_at(init_container, "name");
  for (const char* known :
       {"linkerd-init", "linkerd-network-validator", "istio-init", "istio-validation", "kuma-init", "kuma-validation"})
    if (name == known) return true;
  return false;
}

}  // namespace ms2m
