// The Kubernetes API over HTTPS: the adapter behind the port Cluster.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kube/exec_plugin.hpp"
#include "kube/kubeconfig.hpp"
#include "kube/kubelet_options.hpp"
#include "ms2m/cluster.hpp"
#include "ms2m/place.hpp"

namespace ms2m {

class ApiClient;

/// Contract: ms2m/cluster.hpp. Makes no request before the first call. Needs list and watch on what it watches.
class KubeCluster final : public Cluster {
 public:
  explicit KubeCluster(KubeAccess access, KubeletOptions kubelet = {}, RunProcess run = default_run());
  ~KubeCluster() override;

  /// Runs the user's credential plugin, if that is how the user logs in: a person may need minutes for it, and a
  /// request that finds its credentials there is not held up. Blocks and throws as run_exec_plugin().
  void log_in(const StopToken& stop);

  std::string default_namespace() const override;
  std::string description() const override;
  ClusterIdentity identity(const StopToken& stop) override;
  std::optional<bool> answers(const StopToken& stop) override;
  std::optional<Json> get(const ObjectRef& ref, const StopToken& stop) override;
  std::vector<Json> list(Kind kind, const std::string& ns, const std::string& label_selector,
                         const std::string& field_selector, const StopToken& stop) override;
  Json create(const ObjectRef& ref, const Json& object, const CreateOptions& options, const StopToken& stop) override;
  Json update(const ObjectRef& ref, const Json& object, const StopToken& stop) override;
  Json patch(const ObjectRef& ref, PatchType type, const Json& patch, const StopToken& stop) override;
  bool remove(const ObjectRef& ref, const DeleteOptions& options, const StopToken& stop) override;
  void watch(const ObjectRef& ref, const std::function<bool(const Json* object)>& done, const StopToken& stop) override;
  bool allowed(const Right& right, const StopToken& stop) override;
  std::optional<bool> checkpoint_enabled(const std::string& node, const StopToken& stop) override;
  std::optional<Millis> kubelet_patience(const std::string& node, const StopToken& stop) override;
  std::optional<std::vector<Json>> kubelet_pods(const std::string& node, const StopToken& stop) override;
  std::optional<bool> kubelet_ends(const std::string& node, const std::string& uid, const StopToken& stop) override;
  std::optional<bool> kubelet_answers(const std::string& node, const StopToken& stop) override;
  CheckpointArchive checkpoint(const std::string& node, const std::string& ns, const std::string& pod,
                               const std::string& container, const StopToken& stop) override;

  /// "v1.36.2" (GET /version, which every authenticated user may read): the cheapest proof that the server answers.
  std::string server_version(const StopToken& stop);

  /// For requests to what is behind the API server, as whoever this is. Thread-safe.
  std::shared_ptr<ApiClient> api() const;
  /// For commands that are to reach this cluster.
  Place place() const;

  /// The names of all namespaces.
  std::vector<std::string> namespaces(const StopToken& stop);

  static RunProcess default_run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ms2m
