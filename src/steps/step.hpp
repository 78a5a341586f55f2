// A step of a migration: what it says beforehand, and what it does. A strategy is a list of them; `ms2m plan` prints
// what the list says, `ms2m migrate` runs it.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "journal/operation.hpp"
#include "ms2m/event.hpp"
#include "ms2m/plan.hpp"
#include "ms2m/request.hpp"
#include "ms2m/stop.hpp"
#include "plan/facts.hpp"

namespace ms2m {

struct Run;

/// What is known before anything is touched.
struct Move {
  const Plan& plan;
  const MigrationRequest& request;
  const Facts& facts;
};

/// A line of the plan. The operations are those that the step writes into the journal; what is known only when it runs
/// is empty in them here, and not in their words (planned_words()).
struct Announced {
  std::string text;  ///< empty: nothing is done yet, it is only settled how the migration will be finished
  std::optional<Operation> undo{}, finish{};
};

struct Step {
  Phase phase = Phase::preparing;
  /// Pure. Empty: a wait or a check, which changes nothing.
  std::vector<Announced> (*announce)(const Move& move) = nullptr;
  /// Does it, and returns when it is done; writes its undo and finish into the journal before each effect. Throws
  /// Error, Cancelled. After the pivot the token is one that nothing stops.
  void (*run)(Run& run, const StopToken& stop) = nullptr;
};
using Steps = std::vector<Step>;

/// Writes it into the journal; with no operations nothing. Returns its number there, or 0.
int journal_announced(Run& run, Phase phase, const Announced& announced);
/// Of a step that changes nothing.
std::vector<Announced> nothing(const Move& move);

}  // namespace ms2m
