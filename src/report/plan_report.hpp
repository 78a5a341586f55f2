// What `ms2m plan` and `ms2m check` print.
#pragma once
#include <string>

#include "ms2m/json.hpp"
#include "ms2m/plan.hpp"

namespace ms2m::report {

/// Findings, steps with their undo, the pod's difference, predicted phases, notes; ends with "Nothing was changed."
std::string plan_text(const Plan& plan);
/// One object of kind "plan".
Json plan_json(const Plan& plan, int status);

/// Every finding with level, check, reason and cure, then one sentence of summary.
std::string check_text(const Plan& plan);
/// One object of kind "check".
Json check_json(const Plan& plan, int status);

/// The phases together.
PredictedPhase sum(const std::vector<PredictedPhase>& predicted);

const char* to_word(Level level) noexcept;  ///< "ok", "warning", "refusal"
/// The finding's text; it begins with "could not be asked: " where that is so.
std::string reason(const Finding& finding);

}  // namespace ms2m::report
