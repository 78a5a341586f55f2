// What `ms2m list` prints.
#pragma once
#include <string>
#include <vector>

#include "ms2m/json.hpp"
#include "ms2m/migrator.hpp"

namespace ms2m::report {

std::string journals_text(const std::vector<JournalSummary>& journals);
/// One object of kind "journals".
Json journals_json(const std::vector<JournalSummary>& journals);

}  // namespace ms2m::report
