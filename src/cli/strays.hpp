// What migrations have left that have no journal on this machine.
#pragma once
#include <vector>

#include "cli/session.hpp"

namespace ms2m::cli {

struct Strays {
  std::vector<Remnant> found;
  std::vector<Outcome> untold;  ///< of which it could not be found out: refused, with the cause
};

/// In the namespace of the flags, or the context's own, and at the brokers of the pods there, or the one that is named.
/// `journals`: those that are on this machine, whatever state they are in. Error: the cluster could not be asked.
Strays find_strays(const Context& context, const std::vector<JournalSummary>& journals, bool remove);

}  // namespace ms2m::cli
