// Request + pod -> Procedure. Pure.
#pragma once
#include "ms2m/json.hpp"
#include "ms2m/procedure.hpp"
#include "ms2m/request.hpp"

namespace ms2m {

/// Everything but the nodes' runtimes, which are not known yet when the first questions are asked.
Procedure procedure_of(const MigrationRequest& request, const Json& pod);

}  // namespace ms2m
