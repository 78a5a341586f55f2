// A pretended provisioner: every claim is bound to a new volume at once.
#pragma once

#include "controllers/controller.hpp"

namespace ms2m::lab {

class VolumeController : public Controller {
 public:
  using Controller::Controller;
  void observe(const Event& event) override;

 private:
  void sync(const WorkKey& key) override;
};

}  // namespace ms2m::lab
