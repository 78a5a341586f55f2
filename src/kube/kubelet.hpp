// The kubelet of a node, through the API server's proxy or directly. Private to kube.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "kube/api_client.hpp"
#include "kube/kube_access.hpp"
#include "kube/kubelet_answers.hpp"
#include "kube/kubelet_options.hpp"
#include "ms2m/cluster.hpp"

namespace ms2m {

/// "?timeout=S" when the token's deadline leaves more than the kubelet's default of 120 s (smaller values have no
/// effect), else "".
std::string checkpoint_timeout_query(const StopToken& stop);

/// Thread-safe.
class Kubelet {
 public:
  Kubelet(KubeAccess access, KubeletOptions options, std::shared_ptr<Credentials> credentials,
          std::shared_ptr<ApiClient> api);

  std::optional<bool> checkpoint_enabled(const std::string& node, const StopToken& stop);
  std::optional<Millis> patience(const std::string& node, const StopToken& stop);
  std::optional<std::vector<Json>> pods(const std::string& node, const StopToken& stop);
  std::optional<bool> ends(const std::string& node, const std::string& uid, const StopToken& stop);
  std::optional<bool> answers(const std::string& node, const StopToken& stop);
  CheckpointArchive checkpoint(const std::string& node, const std::string& ns, const std::string& pod,
                               const std::string& container, const StopToken& stop);

 private:
  struct Route {
    std::shared_ptr<ApiClient> client;
    std::string prefix;  ///< of the path
  };
  Route route(const std::string& node, const StopToken& stop);
  /// The same, where it is known without asking the API server.
  std::optional<Route> known_route(const std::string& node);

  const KubeAccess access_;
  const KubeletOptions options_;
  const std::shared_ptr<Credentials> credentials_;
  const std::shared_ptr<ApiClient> api_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<ApiClient>> direct_;  ///< by server
  std::map<std::string, Route> routes_;                       ///< by node: the last ones
};

}  // namespace ms2m
