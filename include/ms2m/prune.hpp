// Journals of migrations that are over do not pile up.
#pragma once
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "ms2m/migrator.hpp"

namespace ms2m {

struct JournalLimits {
  std::chrono::hours age{90 * 24};  ///< since the migration began
  std::size_t count = 500;
};

/// Its journal says that it has ended, done or undone: nobody has anything to do for it.
inline bool is_over(const JournalSummary& journal) { return journal.state == "done" || journal.state == "undone"; }

/// Forgets (JournalStore::forget()) journals of migrations that have ended done or undone: the oldest above `count`,
/// and those older than `age` at `now` (RFC 3339, UTC). Never one that resume, abort or cleanup has something to do
/// for, that cannot be read, or that some process still holds. Returns the ids. Safe side by side. Error as
/// JournalStore::list().
std::vector<std::string> prune_journals(const JournalStore& journals, const JournalLimits& limits,
                                        const std::string& now);

}  // namespace ms2m
