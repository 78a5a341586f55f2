// Empties a namespace that is being deleted, then removes it.
#pragma once

#include "controllers/controller.hpp"

namespace ms2m::lab {

class NamespaceController : public Controller {
 public:
  using Controller::Controller;
  void observe(const Event& event) override;

 private:
  void sync(const WorkKey& key) override;
};

}  // namespace ms2m::lab
