#include "pod/environment.hpp"

#include <optional>

#include "base/expand.hpp"

namespace kubelet {
namespace {

using Environment = std::vector<std::pair<std::string, std::string>>;

std::optional<std::string> keyed(const std::optional<Data>& data, const Json& reference, const char* kind) {
  const std::string key = string_at(reference, "key");
  if (data && data->contains(key)) return data->at(key);
  if (bool_at(reference, "optional", false)) return std::nullopt;
  throw MissingReference("couldn't find key " + key + " in " + kind + " " + string_at(reference, "name"));
}

std::optional<std::string> value_from(const Json& source, const Json& pod, const Json& container,
                                      const std::string& pod_ip, const Lookup& lookup) {
  const std::string ns = string_at(at_or_null(pod, "metadata"), "namespace");
  if (const Json& field = at_or_null(source, "fieldRef"); field.is_object()) {
    return field_value(pod, string_at(field, "fieldPath"), pod_ip, lookup.node_ip());
  }
  if (const Json& resource = at_or_null(source, "resourceFieldRef"); resource.is_object()) {
    return resource_value(pod, resource, string_at(container, "name"));
  }
  if (const Json& key = at_or_null(source, "configMapKeyRef"); key.is_object()) {
    return keyed(lookup.config_map(ns, string_at(key, "name"), bool_at(key, "optional", false)), key, "ConfigMap");
  }
  if (const Json& key = at_or_null(source, "secretKeyRef"); key.is_object()) {
    return keyed(lookup.secret(ns, string_at(key, "name"), bool_at(key, "optional", false)), key, "Secret");
  }
  return "";
}

void add_from(Environment& env, const Json& source, const std::string& ns, const Lookup& lookup) {
  std::optional<Data> data;
  if (const Json& map = at_or_null(source, "configMapRef"); map.is_object()) {
    data = lookup.config_map(ns, string_at(map, "name"), bool_at(map, "optional", false));
  } else if (const Json& secret = at_or_null(source, "secretRef"); secret.is_object()) {
    data = lookup.secret(ns, string_at(secret, "name"), bool_at(secret, "optional", false));
  }
  if (!data) return;
  for (const auto& [key, value] : *data) env.emplace_back(string_at(source, "prefix") + key, value);
}

}  // namespace

Environment make_environment(const Json& pod, const Json& container, const std::string& pod_ip, const Lookup& lookup) {
  const std::string url = lookup.api_config().url;  // https://host:port
  const auto host = url.find("//") == std::string::npos ? 0 : url.find("//") + 2;
  const auto colon = url.rfind(':');
  Environment env = {{"KUBERNETES_SERVICE_HOST", url.substr(host, colon - host)},
                     {"KUBERNETES_SERVICE_PORT", url.substr(colon + 1)}};
  const std::string ns = string_at(at_or_null(pod, "metadata"), "namespace");
  for (const Json& source : list_at(container, "envFrom")) add_from(env, source, ns, lookup);
  for (const Json& entry : list_at(container, "env")) {
    const Json& source = at_or_null(entry, "valueFrom");
    const auto value = source.is_object() ? value_from(source, pod, container, pod_ip, lookup)
                                          : std::optional(expanded(string_at(entry, "value"), env));
    if (value) env.emplace_back(string_at(entry, "name"), *value);
  }
  return env;
}

}  // namespace kubelet
