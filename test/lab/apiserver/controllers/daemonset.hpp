// One pod of a DaemonSet on each node that fits (k8s.io/kubernetes/pkg/controller/daemon).
#pragma once

#include "controllers/controller.hpp"

namespace ms2m::lab {

// A changed template replaces all pods at once; maxUnavailable, maxSurge and revisions are not looked at.
class DaemonSetController : public Controller {
 public:
  using Controller::Controller;
  void observe(const Event& event) override;

 private:
  void sync(const WorkKey& key) override;
  void report(const Json& set, const std::vector<ObjectPtr>& pods, std::size_t wanted, const std::string& hash);
};

}  // namespace ms2m::lab
