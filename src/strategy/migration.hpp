// One migration while it runs. Whoever puts a strategy together, or carries it out, sees all of it; a step is given
// what it uses (wiring.cpp).
#pragma once
#include <vector>

#include "base/main_line.hpp"
#include "journal/journal.hpp"
#include "ms2m/dials.hpp"
#include "ms2m/event.hpp"
#include "ms2m/migrator.hpp"
#include "ms2m/outcome.hpp"
#include "steps/hooks.hpp"
#include "steps/slots.hpp"
#include "steps/step.hpp"
#include "undo/operations.hpp"

namespace ms2m {

/// The ports, and every slot that steps hand to each other; made once per migration.
struct Migration {
  const Migrator::Ports& ports;
  Move move;
  Journal& journal;
  Observer& observer;
  MainLine& line;
  Dials& dials;
  const RunHooks& run_hooks;

  Operations operations{ports};
  QuietSource source{};
  SourceConnection connection{};
  WaitingCopy waiting{};
  LivingCopy living{};
  OwnConnections own{};
  TakenCheckpoint checkpoint{};
  ImportedImage imported{};
  BroughtData brought{};
  PreCopied precopied{};
  Timeline times{};
  Handed handed = Handed::unknown;
  Measures measures{};  ///< each of them is one step's, or the engine's
};

/// A step of a strategy. A strategy is a list of them; `ms2m plan` prints what the list says, `ms2m migrate` runs it.
struct Step {
  Phase phase = Phase::preparing;
  Wait wait{};
  std::optional<WaitFor> begins{};  ///< is under way after it, and a later step waits for it
  bool disturbs = false;            ///< before it nothing has been done to the source
  bool no_way_back = false;         ///< whoever falls silent in it does not end it
  std::vector<Announced> (*announce)(const Move& move) = nullptr;
  /// Makes the step of its parts, and runs it.
  Ran (*run)(Migration& migration, const StopToken& stop) = nullptr;
};
using Steps = std::vector<Step>;

}  // namespace ms2m
