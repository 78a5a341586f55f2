// Whether the copy's memory comes from the source's, and what that means. Pure.
#pragma once
#include <optional>

#include "plan/facts.hpp"

namespace ms2m {

/// What keeps memory from coming that way, for the procedure that the facts have.
struct AgainstPages {
  const char* check;  ///< the finding's word
  Trouble trouble;
};
std::optional<AgainstPages> against_pages(const Facts& facts, const MigrationRequest& request);

/// What Pages::automatic is: stream for a process that is large and shares little of its memory, where nothing is
/// against it; else files. All but the pages of the facts' procedure is decided.
Pages chosen_pages(Facts facts, const MigrationRequest& request);

/// A source whose pages are kept back stands still until they have been fetched, and no longer than this: should we
/// hang, it runs again then.
Millis longest_serving(const StepTimeouts& times);

/// About so long after the checkpoint begins the copy has the last of its memory, and the source runs again.
Seconds memory_time(const Facts& facts, const MigrationRequest& request);

}  // namespace ms2m
