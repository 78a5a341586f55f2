// Request + Facts -> Plan. Pure, but for the id and the pod's suffix that it is given.
#pragma once
#include <string>
#include <vector>

#include "journal/history.hpp"
#include "ms2m/plan.hpp"
#include "ms2m/request.hpp"
#include "plan/facts.hpp"

namespace ms2m {

/// `past`: what the prediction goes by.
Plan make_plan(const MigrationRequest& request, const Facts& facts, const std::string& id,
               const std::vector<PastMove>& past);

}  // namespace ms2m
