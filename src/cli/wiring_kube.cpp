#include "cli/wiring_kube.hpp"

#include <cstdlib>

namespace ms2m::cli {

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody changes the environment
  return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
}

KubeconfigSource source_of(const std::string& list, const std::string& context) {
  KubeconfigSource source;
  source.context = context;
  // A journal may hold the list that $KUBECONFIG was when the migration began.
  if (list.find(':') == std::string::npos)
    source.file = list;
  else
    source.env = [list](const std::string& name) -> std::optional<std::string> {
      return name == "KUBECONFIG" ? list : variable(name);
    };
  return source;
}

KubeAccess access_of(const KubeOptions& options) {
  KubeconfigSource source = source_of(options.kubeconfig, options.context);
  source.flags = options.flags;
  source.token = options.token;
  KubeAccess access = load_kube_access(source);
  if (!options.ns.empty()) access.ns = options.ns;
  if (options.request_limit > Millis{0}) access.request_limit = options.request_limit;
  return access;
}

}  // namespace ms2m::cli
