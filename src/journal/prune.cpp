#include "ms2m/prune.hpp"

#include "base/rfc3339.hpp"
#include "journal/journal.hpp"
#include "ms2m/error.hpp"

namespace ms2m {
namespace {

bool is_old(const JournalSummary& journal, std::chrono::hours age, const std::string& now) {
  const auto then = seconds_since_1970(journal.started), today = seconds_since_1970(now);
  return then && today && std::chrono::seconds(*today - *then) > age;
}

/// True also when that cannot be found out.
bool is_held(const JournalStore& journals, const std::string& id) {
  try {
    return Journal::under_way(journals.root(), id);
  } catch (const Error&) {
    return true;
  }
}

}  // namespace

std::vector<std::string> prune_journals(const JournalStore& journals, const JournalLimits& limits,
                                        const std::string& now) {
  std::vector<std::string> forgotten;
  std::size_t kept = 0;
  for (const JournalSummary& journal : journals.list()) {  // newest first
    if (!is_over(journal)) continue;
    if (kept < limits.count && !is_old(journal, limits.age, now)) {
      ++kept;
      continue;
    }
    if (is_held(journals, journal.id)) continue;
    journals.forget(journal.id);
    forgotten.push_back(journal.id);
  }
  return forgotten;
}

}  // namespace ms2m
