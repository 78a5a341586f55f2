// The status of PodDisruptionBudgets: how many pods may go now.
#pragma once

#include "controllers/controller.hpp"

namespace ms2m::lab {

class BudgetController : public Controller {
 public:
  using Controller::Controller;
  void observe(const Event& event) override;

 private:
  void sync(const WorkKey& key) override;
};

}  // namespace ms2m::lab
