#pragma once
#include <map>
#include <optional>
#include <string>

#include "api/client.hpp"

namespace kubelet {

// Something that a pod's spec refers to and that is not there.
struct MissingReference : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Data = std::map<std::string, std::string>;

// Reads config maps, secrets and volume claims of the pod's namespace.
class Lookup {
 public:
  Lookup(ApiClient& api, std::string node_ip) : api_(api), node_ip_(std::move(node_ip)) {}
  // Throw MissingReference (`configmap "x" not found`) unless optional, and then give nothing.
  std::optional<Data> config_map(const std::string& ns, const std::string& name, bool optional) const;
  std::optional<Data> secret(const std::string& ns, const std::string& name, bool optional) const;
  // The node's directory behind a bound claim.
  std::string claim_directory(const std::string& ns, const std::string& claim) const;
  // A service account's token: from the API's token subresource, or a random one where there is none.
  std::string service_account_token(const std::string& ns, const std::string& account, const Json& pod) const;
  // Of the pod's RuntimeClass; "" when it names none.
  std::string runtime_handler(const Json& pod) const;
  const ApiConfig& api_config() const { return api_.config(); }
  const std::string& node_ip() const { return node_ip_; }

 private:
  ApiClient& api_;
  std::string node_ip_;
};

// A downward API field: metadata.name, metadata.labels['x'], spec.nodeName, status.podIP, ...
std::string field_value(const Json& pod, const std::string& path, const std::string& pod_ip,
                        const std::string& node_ip);
// resourceFieldRef: limits.cpu, requests.memory, ... of a container of the pod.
std::string resource_value(const Json& pod, const Json& reference, const std::string& container);

}  // namespace kubelet
