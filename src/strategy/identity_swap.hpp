// Shadow of a StatefulSet's pod: what follows the pivot of its first half (engine/identity.hpp).
#pragma once
#include "steps/steps.hpp"

namespace ms2m {

/// Journals what follows the pivot of the first half: the source goes, then the copy takes its name.
void plan_identity_swap(Run& run);

}  // namespace ms2m
