// The coordinator behind Migrator: from a plan, or a journal, to one Outcome. Its parts: migrator.cpp plans and
// recovers, run_plan.cpp runs, finish.cpp, undo.cpp and take_back.cpp carry out what the journal says, ending.hpp says
// what that has come to, rename.cpp gives a copy its source's name.
#pragma once
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/phase_clock.hpp"
#include "engine/timed_ports.hpp"
#include "handover/pivot_outcome.hpp"
#include "journal/journal.hpp"
#include "ms2m/migrator.hpp"
#include "plan/facts.hpp"
#include "strategy/migration.hpp"

namespace ms2m {

struct Migrator::Impl {
  std::shared_ptr<TimedPorts> timed;
  JournalStore journals;
  Observer& observer;
  Ports ports = timed->all();
  std::optional<TimePoint> begun{};  ///< the migration that run_plan() is at
  Beside beside{};
  struct Looked {
    MigrationRequest request;
    Facts facts;
    TimePoint begun;
  };
  std::optional<Looked> looked{};  ///< by the last plan()

  // migrator.cpp
  MigrationRequest completed(const MigrationRequest& request) const;
  /// Those of plan(), once, as long as they may pass for a preflight's own; else asked for anew.
  Facts facts_for(const MigrationRequest& request, const StopToken& stop);
  /// The migration itself, from its journal's first record to its last. Does not throw after that first record.
  void run_plan(const MigrationRequest& request, const Facts& facts, const Plan& plan, const Provenance& provenance,
                Outcome& outcome, const StopToken& stop);
  void carry_out(Migration& migration, Outcome& outcome, const StopToken& stop);
  /// Up to the last step, or the first that leaves the rest to finish().
  void run_steps(Migration& migration, PhaseClock& phases, const StopToken& stop);
  void fail(Migration& migration, Outcome& outcome, const std::exception& error);
  /// True: another migration has taken the pod over. Nothing is undone then, and the outcome says who it is.
  /// `patience`: with the API server.
  bool give_way(const Migration& migration, Outcome& outcome, std::chrono::seconds patience);
  /// What a journal that has not come to its end leads to. Never throws.
  Outcome recover(const std::string& id, const StopToken& stop);

  // finish.cpp, undo.cpp, take_back.cpp; what cannot be done is in Outcome::leftovers.
  class Finishing;
  void finish(Journal& journal, Outcome& outcome, Seconds limit, Handed handed);
  /// `source_decided` is called when the source is back, or could not be brought back.
  void undo(Journal& journal, Outcome& outcome, Seconds limit, const std::function<void()>& source_decided = {});
  /// True: since it was given the queue the copy has taken nothing. Otherwise the journal says so for good, before
  /// anything is sent that could be taken for the pivot's message.
  bool untouched(Journal& journal, Handed handed);
  struct TakenBack {
    bool done = false;
    bool serves = false;  ///< not done: the copy does
    std::string doubt{};  ///< not done: what is not known, or what stands against it
  };
  /// Instead of what is left to be finished, when the copy is lost or withdrawn and the source is not retired
  /// (lost_copy.hpp, undo/idle_copy.hpp; without the control protocol must_turn_back()): undoes the migration.
  TakenBack take_back(Journal& journal, Outcome& outcome, Seconds limit, bool untouched);
  /// As restored_again() (lost_copy.hpp), with a warning; false also when it could not be done.
  bool restore_again(const Journal& journal);

  // rename.cpp
  /// False: the copy is lost, and with it the state, as when a node dies without a migration.
  bool rename_copy(Journal& journal, const op::Rename& operation, Outcome& outcome);
  /// An attempt that died is brought to its end first: then `child` says that the name was taken, or a new attempt can
  /// be made under the id that is returned.
  std::string free_child(const op::Rename& operation, Outcome& child);
  void forget_children(const Journal& journal);
};

/// Once the copy has taken the source's name, that is who serves.
void tell_identity(const Journal& journal, Outcome& outcome);

/// Where the archive goes, and what is left of its way, for a plan that was made.
void ask_carrier(Plan& plan, const Carrier& carrier, const Registry& registry);
/// What follows from the journal: to finish, or to undo.
bool leads_forward(const Journal& journal);
void tell_error(Outcome& outcome, const std::exception& error);
/// The source at the primary, as the journal has it.
SourceAtWork source_of(const Migrator::Ports& ports, const Journal& journal);

}  // namespace ms2m
