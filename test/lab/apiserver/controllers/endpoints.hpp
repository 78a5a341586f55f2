// Endpoints and one EndpointSlice for each Service with a selector.
#pragma once

#include "controllers/controller.hpp"

namespace ms2m::lab {

class EndpointController : public Controller {
 public:
  using Controller::Controller;
  void observe(const Event& event) override;

 private:
  void sync(const WorkKey& key) override;
  void write_slice(const Json& service, const Json& endpoints, const Json& ports);
  void write_endpoints(const Json& service, const Json& endpoints, const Json& ports);
};

}  // namespace ms2m::lab
