// Outcomes and plans for the golden files.
#pragma once
#include "ms2m/outcome.hpp"
#include "ms2m/plan.hpp"

namespace ms2m::test {
Outcome shadow_outcome();
Outcome undone_outcome();
Outcome leftover_outcome();
Plan deployment_plan();
MigrationRequest shadow_request();
}  // namespace ms2m::test
