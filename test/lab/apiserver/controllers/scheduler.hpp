// Gives pods without a node one that fits.
#pragma once

#include "controllers/controller.hpp"

namespace ms2m::lab {

class Scheduler : public Controller {
 public:
  using Controller::Controller;
  void observe(const Event& event) override;

 private:
  void sync(const WorkKey& key) override;
  void place(const Json& pod);
  void report_unschedulable(const Json& pod, const std::string& why);
};

// Why the pod cannot go to the node, in the scheduler's words; "" when it can. Looks at readiness taints, cordon,
// nodeSelector, required node affinity, taints and free resources.
std::string reason_not_to_run(const Store& store, const Json& pod, const Json& node);

}  // namespace ms2m::lab
