#pragma once
#include "steps/run.hpp"
#include "steps/step.hpp"

namespace ms2m {

/// The archive alone, of a source that is wherever it is; nothing is checked after it.
void take_checkpoint(Run& run, const StopToken& stop);
std::vector<Announced> announce_checkpoint(const Move& move);

}  // namespace ms2m
