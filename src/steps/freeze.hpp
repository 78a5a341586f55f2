#pragma once
#include <string>

#include "journal/operation.hpp"
#include "ms2m/plan.hpp"

namespace ms2m {

/// `instance`: as instance_in(), "<container ID> <restarts>".
op::Frozen frozen_source(const Plan& plan, const std::string& instance);

}  // namespace ms2m
