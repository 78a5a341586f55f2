// What `ms2m cleanup` says beside the outcomes of migrations that it has undone or finished.
#pragma once
#include <string>
#include <vector>

#include "ms2m/json.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/remnants.hpp"

namespace ms2m::report {

/// What would be done with a journal.
struct Cleaning {
  enum class Is {
    finished,    ///< what its pod has left, if that is gone, and the journal go
    unfinished,  ///< it is undone, or finished
    under_way,   ///< left alone
    unreadable,  ///< left alone
  };
  JournalSummary journal;
  Is is = Is::unfinished;
  std::vector<std::string> open;  ///< as Standing has it
};

std::string cleanings_text(const std::vector<Cleaning>& all);
/// "Removed: ...", "Would be removed: ...", "Kept: ..., because ...": a line each, with the command below.
std::string remnants_text(const std::vector<Remnant>& all, bool dry_run);
/// null when they were not looked for.
Json remnants_json(const std::vector<Remnant>& all, bool looked);
/// One object of kind "cleanup". `untold`: what could not be looked at, and why.
Json cleanings_json(const std::vector<Cleaning>& all, const Json& remnants, const std::vector<Outcome>& untold,
                    int status);

}  // namespace ms2m::report
