// What came of a command, for people and for programs.
#pragma once
#include <string>
#include <vector>

#include "ms2m/json.hpp"
#include "ms2m/outcome.hpp"

namespace ms2m::report {

/// The name of the JSON schema that every document carries; changes only when a key changes its meaning or goes away.
inline constexpr const char* kSchema = "ms2m/v1";

/// How much a text tells.
enum class Detail { usual, more };

/// The good news: one sentence, the phase table, the measures, who is serving; more: what was waited for longest, too.
/// Empty when the migration did not happen.
std::string success_text(const Outcome& outcome, Detail detail = Detail::usual);

/// The bad news: what failed and why, the remedy, who is serving, what was undone, what is left and how to remove it,
/// what to do next. Empty when there is none. Also for cleanup_incomplete (then only what is left).
std::string failure_text(const Outcome& outcome);

/// For abort and cleanup, whose success is that everything was undone: "Undone: ..." and who is serving.
std::string aborted_text(const Outcome& outcome);

/// One object of kind "outcome"; every key is always there, null where nothing was measured. See ms2m(1), JSON OUTPUT.
/// `status` is what the process will exit with.
Json outcome_json(const Outcome& outcome, const std::string& command, int status);

/// Several outcomes (cleanup): one object of kind "outcomes".
Json outcomes_json(const std::vector<Outcome>& outcomes, const std::string& command, int status);

/// Seconds as a JSON number with at most four decimals.
Json seconds_json(Seconds time);

}  // namespace ms2m::report
