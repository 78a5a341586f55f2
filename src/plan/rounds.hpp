// How often memory is carried while the source works. Pure.
#pragma once
#include <vector>

#include "journal/history.hpp"
#include "plan/facts.hpp"

namespace ms2m {

/// What was asked for; else one where it pays: where nobody works while the data moves, and what it saves of that is
/// more than the further freeze that a round costs. By earlier moves with one and without, or typical figures. None
/// where the source may lose its connection in that freeze. `plan`: with its procedure.
unsigned rounds_of(const Plan& plan, const MigrationRequest& request, const Facts& facts,
                   const std::vector<PastMove>& past);

}  // namespace ms2m
