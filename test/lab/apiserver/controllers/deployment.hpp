// Rolls a Deployment's template out over ReplicaSets (k8s.io/kubernetes/pkg/controller/deployment).
#pragma once

#include "controllers/controller.hpp"

namespace ms2m::lab {

class DeploymentController : public Controller {
 public:
  using Controller::Controller;
  void observe(const Event& event) override;

 private:
  struct Sets {
    ObjectPtr current;           // the one of the present template; may be null
    std::vector<ObjectPtr> old;  // by age
  };

  void sync(const WorkKey& key) override;
  Sets claim_sets(const Json& deployment);
  // Finds or creates the set of the present template, with its annotations and its revision up to date.
  ObjectPtr present_set(const Json& deployment, Sets& sets);
  void roll(const Json& deployment, Sets& sets);
  void recreate(const Json& deployment, Sets& sets);
  void scale_down_old(const Json& deployment, const Sets& sets);
  void resize(const Json& deployment, const Json& set, std::int64_t replicas);
  void forget_old_sets(const Json& deployment, const Sets& sets);
  void report(const Json& deployment);
};

}  // namespace ms2m::lab
