// What `ms2m plan` and `ms2m check` print.
#pragma once
#include <string>
#include <vector>

#include "ms2m/json.hpp"
#include "ms2m/plan.hpp"

namespace ms2m::report {

/// Nodes that keep the node program since they were asked: all that was changed.
using Brought = std::vector<std::string>;

/// Findings, steps with their undo, the pod's difference, predicted phases, notes; ends with what was changed.
std::string plan_text(const Plan& plan, const Brought& brought);
/// One object of kind "plan".
Json plan_json(const Plan& plan, const Brought& brought, int status);

/// Every finding with level, check, reason and cure, one sentence of summary, and what was changed.
std::string check_text(const Plan& plan, const Brought& brought);
/// One object of kind "check".
Json check_json(const Plan& plan, const Brought& brought, int status);

/// The phases together.
PredictedPhase sum(const std::vector<PredictedPhase>& predicted);

const char* to_word(Level level) noexcept;  ///< "ok", "warning", "refusal"
/// The finding's text; it begins with "could not be asked: " where that is so.
std::string reason(const Finding& finding);

}  // namespace ms2m::report
