// Carrying out what the journal says: undo (before the pivot) or finish (after it), each entry once, singly reported.
#pragma once
#include <string>
#include <vector>

#include "migration/journal.hpp"
#include "migration/operations.hpp"
#include "ms2m/event.hpp"
#include "ms2m/outcome.hpp"

namespace ms2m {

enum class Direction { undo, finish };

struct Settlement {
  std::vector<std::string> done;
  std::vector<Leftover> left;
};

/// Runs the open entries of the journal: lower priority first; of equal ones, undo takes the latest first, finish the
/// earliest. An entry that fails is reported and the next one tried; each has `limit`. Never throws.
Settlement settle(Journal& journal, Direction direction, Operations& operations, Observer& observer, Seconds limit) noexcept;

}  // namespace ms2m
