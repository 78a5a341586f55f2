// How long a migration will take, phase by phase. Pure.
#pragma once
#include <vector>

#include "journal/history.hpp"
#include "plan/facts.hpp"

namespace ms2m {

/// From earlier moves of the same kind between the same nodes, else between others, else typical figures; the basis
/// says which. What depends on the size of the process is scaled by its memory, where that is known.
std::vector<PredictedPhase> predict(const Plan& plan, const MigrationRequest& request, const Facts& facts,
                                    const std::vector<PastMove>& past);

}  // namespace ms2m
