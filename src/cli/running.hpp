// Other ms2m on this machine, and which migration they are at.
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "cli/session.hpp"
#include "ms2m/listener.hpp"
#include "report/status_report.hpp"

namespace ms2m::cli {

/// An ms2m that runs here, and what it said first.
struct Running {
  std::unique_ptr<Listener> listener;
  std::optional<Json> state;  ///< nullopt: it does not answer
};

/// Those that have not ended, each with what it has said within two seconds.
std::vector<Running> running_here(const Context& context);

/// That one works on that migration. A process number may be another one's by now: it began before the migration did.
bool works_on(const Running& one, const JournalSummary& journal);

/// nullptr: none tells anything of it.
Running* running_of(std::vector<Running>& all, const JournalSummary& journal);

/// How far it is: by its journal and, when there is one, by who runs it.
report::Status status_of(const Context& context, const JournalSummary& journal, const Running* running);

/// Of one whose journal is not there yet: what it says itself.
report::Status status_of(const Json& state);

}  // namespace ms2m::cli
