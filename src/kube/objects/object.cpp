#include "kube/objects/object.hpp"

#include <fmt/format.h>

namespace ms2m {

std::string pod_name(const Json& object) { return object.at("metadata").at("name"); }
std::string pod_uid(const Json& object) { return object.at("metadata").value("uid", ""); }
std::string pod_node(const Json& object) { return object.at("spec").value("nodeName", ""); }
const Json* controller_of(const Json& object) {
  const auto refs = object.at("metadata").find("ownerReferences");
  if (refs == object.at("metadata").end()) return nullptr;
  for (const Json& ref : *refs)
    if (ref.value("controller", false)) return &ref;
  return nullptr;
}

bool in_a_set(const Json& pod) {
  const Json* owner = controller_of(pod);
  return owner != nullptr && owner->value("kind", "") == "StatefulSet";
}

std::string lease_holder(const Json& lease) {
  return fmt::format("{}, phase {}", lease.at("spec").value("holderIdentity", "?"),
                     lease.at("metadata").value("annotations", Json::object()).value("ms2m.io/phase", "?"));
}

}  // namespace ms2m
