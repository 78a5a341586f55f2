#include "pod/lookup.hpp"

#include <openssl/evp.h>

#include <cmath>

#include "base/files.hpp"
#include "runtime/quantity.hpp"

namespace kubelet {
namespace {

std::string base64_decoded(const std::string& text) {
  std::string out(text.size() / 4 * 3 + 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return "";
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

// The API's answer about an object: missing is one thing, not to be had now another.
void need_answer(const ApiReply& reply, const std::string& what) {
  if (reply.status == 404 || reply.status == 403 || reply.ok()) return;
  throw MissingReference("failed to fetch " + what + ": the API server answered " + std::to_string(reply.status));
}

std::string map_text(const Json& map) {  // as a downward API file shows labels
  std::string out;
  if (!map.is_object()) return out;
  for (const auto& [key, value] : map.items()) out += (out.empty() ? "" : "\n") + key + "=" + Json(value).dump();
  return out;
}

}  // namespace

std::optional<Data> Lookup::config_map(const std::string& ns, const std::string& name, bool optional) const {
  const ApiReply reply = api_.get("/api/v1/namespaces/" + ns + "/configmaps/" + name);
  need_answer(reply, "configmap \"" + name + "\"");
  if (!reply.ok()) {
    // Every namespace of a real cluster has it.
    if (name == "kube-root-ca.crt") return Data{{"ca.crt", read_file(api_.config().ca_file).value_or("")}};
    if (optional || name == "openshift-service-ca.crt") return std::nullopt;
    throw MissingReference("configmap \"" + name + "\" not found");
  }
  Data data;
  const Json map = reply.json();
  for (const auto& [key, value] : at_or_null(map, "data").items()) data[key] = value.get<std::string>();
  for (const auto& [key, value] : at_or_null(map, "binaryData").items())
    data[key] = base64_decoded(value.get<std::string>());
  return data;
}

std::optional<Data> Lookup::secret(const std::string& ns, const std::string& name, bool optional) const {
  const ApiReply reply = api_.get("/api/v1/namespaces/" + ns + "/secrets/" + name);
  need_answer(reply, "secret \"" + name + "\"");
  if (!reply.ok()) {
    if (optional) return std::nullopt;
    throw MissingReference("secret \"" + name + "\" not found");
  }
  Data data;
  const Json secret = reply.json();
  for (const auto& [key, value] : at_or_null(secret, "data").items())
    data[key] = base64_decoded(value.get<std::string>());
  return data;
}

std::string Lookup::claim_directory(const std::string& ns, const std::string& claim) const {
  const ApiReply reply = api_.get("/api/v1/namespaces/" + ns + "/persistentvolumeclaims/" + claim);
  if (!reply.ok()) throw MissingReference("persistentvolumeclaim \"" + claim + "\" not found");
  const std::string volume = string_at(at_or_null(reply.json(), "spec"), "volumeName");
  if (volume.empty()) throw MissingReference("pod has unbound immediate PersistentVolumeClaims");
  const Json spec = at_or_null(api_.get("/api/v1/persistentvolumes/" + volume).json(), "spec");
  for (const char* kind : {"hostPath", "local"}) {
    const std::string path = string_at(at_or_null(spec, kind), "path");
    if (!path.empty()) return path;
  }
  throw MissingReference("persistentvolume \"" + volume + "\" is neither hostPath nor local");
}

std::string Lookup::service_account_token(const std::string& ns, const std::string& account, const Json& pod) const {
  const Json& meta = at_or_null(pod, "metadata");
  const Json request = {{"kind", "TokenRequest"},
                        {"apiVersion", "authentication.k8s.io/v1"},
                        {"spec",
                         {{"audiences", Json::array()},
                          {"expirationSeconds", 3607},
                          {"boundObjectRef",
                           {{"kind", "Pod"},
                            {"apiVersion", "v1"},
                            {"name", string_at(meta, "name")},
                            {"uid", string_at(meta, "uid")}}}}}};
  const ApiReply reply = api_.post("/api/v1/namespaces/" + ns + "/serviceaccounts/" + account + "/token", request);
  const std::string token = reply.ok() ? string_at(at_or_null(reply.json(), "status"), "token") : "";
  return token.empty() ? random_hex(64) : token;
}

std::string Lookup::runtime_handler(const Json& pod) const {
  const std::string name = string_at(at_or_null(pod, "spec"), "runtimeClassName");
  if (name.empty()) return "";
  const ApiReply reply = api_.get("/apis/node.k8s.io/v1/runtimeclasses/" + name);
  if (reply.status == 404) throw MissingReference("runtimeclass.node.k8s.io \"" + name + "\" not found");
  if (!reply.ok())
    throw MissingReference("failed to lookup RuntimeClass " + name + ": the API server answered " +
                           std::to_string(reply.status));
  return string_at(reply.json(), "handler");
}

std::string field_value(const Json& pod, const std::string& path, const std::string& pod_ip,
                        const std::string& node_ip) {
  if (path == "status.podIP" || path == "status.podIPs") return pod_ip;
  if (path == "status.hostIP" || path == "status.hostIPs") return node_ip;
  const auto bracket = path.find("['");
  const std::string plain = path.substr(0, bracket);
  const Json* value = &pod;
  for (const auto& part : split(plain, '.')) value = &at_or_null(*value, part.c_str());
  if (bracket != std::string::npos)
    return string_at(*value, path.substr(bracket + 2, path.size() - bracket - 4).c_str());
  return value->is_string() ? value->get<std::string>() : map_text(*value);
}

std::string resource_value(const Json& pod, const Json& reference, const std::string& container) {
  const auto parts = split(string_at(reference, "resource"), '.');
  if (parts.size() < 2) return "";
  const std::string name = string_at(reference, "containerName", container);
  for (const Json& candidate : list_at(at_or_null(pod, "spec"), "containers")) {
    if (string_at(candidate, "name") != name) continue;
    const std::string quantity =
        string_at(at_or_null(at_or_null(candidate, "resources"), parts[0].c_str()), parts[1].c_str());
    if (parts[1] != "cpu")
      return std::to_string(bytes_of(quantity) / std::max(1L, bytes_of(string_at(reference, "divisor", "1"))));
    const long divisor = std::max(1L, milli_cpus(string_at(reference, "divisor", "1")));
    return std::to_string(
        static_cast<long>(std::ceil(static_cast<double>(milli_cpus(quantity)) / static_cast<double>(divisor))));
  }
  return "";
}

}  // namespace kubelet
