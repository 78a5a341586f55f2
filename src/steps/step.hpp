// What a step of a migration says beforehand, and what comes of it. A step is a class, made of the ports, values and
// slots (slots.hpp) that it uses, with
//   static constexpr Phase kPhase;
//   static constexpr Wait kWait;  // of one that looks again and again: for what
//   static constexpr bool kDisturbs = true;  // of the first that does something to the source
//   static constexpr bool kNoWayBack = true;  // of one with the pivot in it, after which it still waits
//   static constexpr WaitFor kBegins;  // of one that sets something off for which a later step waits
//   /// Pure. Empty: a wait or a check, which changes nothing.
//   static std::vector<Announced> announce(const Move& move);
//   /// Does it, and returns when it is done; writes its undo and finish into the journal before each effect. Throws
//   /// Error, Cancelled. After the pivot the token is one that nothing stops.
//   Ran run(const StopToken& stop) const;
// Which steps a strategy has, and what each is made of, is said in strategy/.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "handover/queue_names.hpp"
#include "journal/journal.hpp"
#include "journal/operation.hpp"
#include "ms2m/event.hpp"
#include "ms2m/plan.hpp"
#include "ms2m/request.hpp"
#include "ms2m/stop.hpp"
#include "ms2m/waiting.hpp"
#include "plan/facts.hpp"

namespace ms2m {

/// What is known before anything is touched. The values outlive it.
struct Move {
  const Plan& plan;
  const MigrationRequest& request;
  const Facts& facts;

  QueueNames names() const { return queue_names(plan.id); }
};

/// A line of the plan. The operations are those that the step writes into the journal; what is known only when it runs
/// is empty in them here, and not in their words (planned_words()).
struct Announced {
  std::string text;  ///< empty: nothing is done yet, it is only settled how the migration will be finished
  std::optional<Operation> undo{}, finish{};
};

/// What came of a step.
struct Ran {
  std::string note{};    ///< for the table, of the phase that runs; the last one counts
  bool complete = true;  ///< else the rest is for whoever finishes the journal
};

/// Writes it into the journal; with no operations nothing. Returns its number there, or 0.
int journal_announced(Journal& journal, Phase phase, const Announced& announced);

/// An event of type detail.
void tell(Observer& observer, Phase phase, const std::string& text);
void warn(Observer& observer, const std::string& text, const std::string& remedy);

}  // namespace ms2m
