// What state a migration leaves, and what that is called.
#pragma once
#include "journal/journal.hpp"
#include "ms2m/outcome.hpp"

namespace ms2m {

/// How far it was carried out, besides what Outcome has: who serves, what is left.
struct Ending {
  enum class Way {
    forward,          ///< after the pivot: the target has the queue
    not_handed_over,  ///< after the pivot, and it has not been seen to consume it
    back,             ///< undone
  } way;
  bool owner_missing = false;  ///< forward: what controlled the pod is not what it was
  bool state_lost = false;     ///< forward: the copy was lost before it had the source's name
};

/// Sets the outcome's result, whether it can be resumed, and why it is not what was wanted, unless it says already;
/// writes the journal's end.
void end(Journal& journal, Outcome& outcome, const Ending& ending);

}  // namespace ms2m
