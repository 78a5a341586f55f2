// Request + Facts -> Plan. Pure, but for the id and the pod's suffix that it is given.
#pragma once
#include <string>

#include "migration/facts.hpp"
#include "ms2m/plan.hpp"
#include "ms2m/request.hpp"

namespace ms2m {

/// A StatefulSet's pod keeps its name, and a name can exist once: its copy cannot run beside it, so shadow becomes handoff.
Strategy effective_strategy(const MigrationRequest& request, const Facts& facts);

Plan make_plan(const MigrationRequest& request, const Facts& facts, const std::string& id);

}  // namespace ms2m
