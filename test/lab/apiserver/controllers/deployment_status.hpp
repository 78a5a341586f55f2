// The numbers and conditions of a Deployment.
#pragma once

#include <vector>

#include "json.hpp"

namespace ms2m::lab {

struct RollingLimits {
  std::int64_t surge = 0;
  std::int64_t unavailable = 0;
};

RollingLimits rolling_limits(const Json& deployment);
Json deployment_status(const Json& deployment, const ObjectPtr& current, const std::vector<ObjectPtr>& sets);

}  // namespace ms2m::lab
