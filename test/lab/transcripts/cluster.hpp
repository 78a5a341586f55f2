// The recorded cluster, set up again in a LabApi: nodes, workloads, and a test that plays the kubelet.
#pragma once

#include "lab_api.hpp"

namespace ms2m::lab_test {

class Cluster {
 public:
  explicit Cluster(const std::vector<std::string>& options = {}) : api(options) {}

  // `address` of the nodes' kubelets; worker-1 and worker-2 as they were recorded otherwise.
  void add_nodes(const std::string& worker_1 = "127.0.0.1", const std::string& worker_2 = "127.0.0.1");
  void add_stateful_set();  // `consumer`, with its Service
  void add_deployment();    // `web`

  Reply add_pod(const std::string& name, const Json& labels, const std::string& node,
                const Json& annotations = Json::object());

  // What a kubelet reports: the recorded status, or a plain Running and Ready one.
  void set_pod_status(const std::string& pod, const Json& status);
  void make_ready(const std::string& pod);
  // The last step of a deletion, the kubelet's.
  void finish_deletion(const std::string& pod);

  Json pod(const std::string& name);  // null when there is none
  std::vector<Json> pods(const std::string& label_selector);
  Json object(const std::string& target);

  LabApi api;
};

std::string owner_of(const Json& object);  // "Kind/name" of the controller, or ""

}  // namespace ms2m::lab_test
