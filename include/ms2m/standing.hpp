// How far a migration is, by its journal, and what it came to.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ms2m/event.hpp"
#include "ms2m/json.hpp"
#include "ms2m/outcome.hpp"

namespace ms2m {

struct Standing {
  bool under_way = false;  ///< the process that writes the journal runs
  Phase phase = Phase::preparing;
  std::string last, last_at;  ///< the latest effect that was announced, and when (RFC 3339, UTC)
  std::optional<Result> ended;
  std::string ended_at;
  /// The effects that are to be undone (before the pivot) or finished (after it), by what they were announced with;
  /// empty once it has ended done or undone.
  std::vector<std::string> open;
};

/// Of migration `id` in `root` (JournalStore::root()). Reads a file, and waits for nothing. Error{not_found}: there is
/// none; {failed}: it cannot be read; {refused}: it is damaged, or of a newer ms2m.
Standing standing_of(const std::filesystem::path& root, const std::string& id);

/// Keeps that document (ms2m(1), JSON OUTPUT, kind "outcome") beside the journal, whose end it shares; nothing is kept
/// where there is no journal. Error{failed}.
void keep_outcome(const std::filesystem::path& root, const std::string& id, const Json& outcome);
/// nullopt: none was kept. Error{failed}: it cannot be read, or is no JSON object.
std::optional<Json> kept_outcome(const std::filesystem::path& root, const std::string& id);

}  // namespace ms2m
