// Carrying out what the journal says: undo (before the pivot) or finish (after it), each entry once, singly reported.
#pragma once
#include <string>
#include <vector>

#include "journal/journal.hpp"
#include "ms2m/event.hpp"
#include "ms2m/outcome.hpp"
#include "undo/operations.hpp"

namespace ms2m {

/// Operations by priority: up to kServing the target (undo: the source) is brought to work, up to kRetired the source
/// goes, then what ms2m made is removed, from kNodes on what is on the nodes, and last the lease.
inline constexpr int kServing = 10, kRetired = 20, kQueues = 50, kNodes = 60, kLease = 90, kAll = 1000;

enum class Direction { undo, finish };

struct Settlement {
  std::vector<std::string> done;
  std::vector<Leftover> left;
};

/// Runs the open entries of the journal: lower priority first; of equal ones, undo takes the latest first, finish the
/// earliest. An entry that fails is reported and the next one tried; each has the limit. Never throws.
/// Only entries of a priority in [from, upto]: the coordinator finishes a move stage by stage, and what is to be done
/// on the nodes beside the rest (two calls with disjoint ranges may run at once). With `stop_at_failure` the entries
/// after a failed one are left for a resume, because they build on it.
struct SettleOptions {
  Seconds limit{60};
  int from = 0;
  int upto = kAll;
  bool stop_at_failure = false;
};
Settlement settle(Journal& journal, Direction direction, Operations& operations, Observer& observer,
                  const SettleOptions& options);

}  // namespace ms2m
