// Node life cycle (k8s.io/kubernetes/pkg/controller/nodelifecycle) and the pod garbage collector: a node that stops
// reporting for 40 s turns Unknown and is tainted, its pods turn unready and are evicted after their toleration; pods
// of a node that does not exist go after about 55 s.
#pragma once

#include "controllers/controller.hpp"

namespace ms2m::lab {

class NodeController : public Controller {
 public:
  explicit NodeController(Store& store);
  void observe(const Event& event) override;

 private:
  void sync(const WorkKey& key) override;
  void check(const Json& node);
  void set_unknown(const Json& node);
  void set_taints(const Json& node, const std::string& ready);
  void mark_pods_unready(const std::string& node);
  void evict_pods(const Json& node);
  void collect_lost_pods();

  std::map<std::string, Clock::time_point> heartbeats_;  // when each was last heard of, by our clock
  std::map<std::string, Clock::time_point> not_ready_since_;
  std::map<std::string, Clock::time_point> lost_since_;  // pods of missing nodes, by uid
};

}  // namespace ms2m::lab
