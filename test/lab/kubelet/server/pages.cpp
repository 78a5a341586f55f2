#include "server/pages.hpp"

#include <ctime>

#include "base/json.hpp"

namespace kubelet {

std::string metrics_page(const ServerConfig& config) {
  return std::string(
             "# HELP kubernetes_feature_enabled [BETA] This metric records the data about the stage and enablement of "
             "a k8s feature.\n"
             "# TYPE kubernetes_feature_enabled gauge\n"
             "kubernetes_feature_enabled{name=\"ContainerCheckpoint\",stage=\"BETA\"} ") +
         (config.checkpoint_gate ? "1" : "0") +
         "\n# HELP kubelet_node_name [ALPHA] The node's name. The count is always 1.\n"
         "# TYPE kubelet_node_name gauge\n"
         "kubelet_node_name{node=\"" +
         config.node_name + "\"} 1\n";
}

std::string configz_page(const ServerConfig& config, long patience_ms) {
  const Json kubelet = {
      {"kind", "KubeletConfiguration"},
      {"apiVersion", "kubelet.config.k8s.io/v1beta1"},
      {"enableServer", true},
      {"podLogsDir", "/var/log/pods"},
      {"syncFrequency", "1m0s"},
      {"address", "0.0.0.0"},
      {"port", 10250},
      {"tlsCertFile", config.cert_file},
      {"tlsPrivateKeyFile", config.key_file},
      {"authentication",
       {{"x509", {{"clientCAFile", config.ca_file}}},
        {"webhook", {{"enabled", true}, {"cacheTTL", "10s"}}},
        {"anonymous", {{"enabled", false}}}}},
      {"authorization",
       {{"mode", "Webhook"}, {"webhook", {{"cacheAuthorizedTTL", "10s"}, {"cacheUnauthorizedTTL", "5s"}}}}},
      {"enableDebuggingHandlers", true},
      {"nodeStatusUpdateFrequency", "10s"},
      {"nodeLeaseDurationSeconds", 40},
      {"cgroupDriver", "cgroupfs"},
      {"runtimeRequestTimeout", patience_ms > 0 ? std::to_string(patience_ms) + "ms" : config.runtime_timeout_text},
      {"maxPods", 110},
      {"serializeImagePulls", true},
      {"featureGates", {{"ContainerCheckpoint", config.checkpoint_gate}}},
      {"containerRuntimeEndpoint", "unix:///run/crio/crio.sock"}};
  return Json({{"kubeletconfig", kubelet}}).dump();
}

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

std::string last_lines(const std::string& text, long count) {
  std::size_t at = text.size();
  if (at > 0 && text[at - 1] == '\n') --at;
  for (; count > 0 && at != std::string::npos; --count) at = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
  return at == std::string::npos ? text : text.substr(at + 1);
}

}  // namespace kubelet
