#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/commands.hpp"
#include "cli/declare.hpp"
#include "cli/strays.hpp"
#include "ms2m/error.hpp"
#include "report/cleanup_report.hpp"
#include "report/outcome_report.hpp"

namespace ms2m::cli {

namespace {

/// The worst of several outcomes is the command's. Undone is what a clean-up wants, so it is a success here.
int status_of(const std::vector<Outcome>& outcomes) {
  int status = 0;
  for (const auto& outcome : outcomes) {
    const int one = outcome.result == Result::undone && !outcome.interrupted ? 0 : exit_status(outcome);
    status = std::max(status, one);
  }
  return status;
}

bool is_silence(const Error& error) {
  return error.kind() == ErrorKind::unavailable || error.kind() == ErrorKind::timeout;
}

/// Clusters and brokers that did not answer once are not asked again.
struct Silent {
  std::set<std::string> clusters, brokers;
  std::set<std::string> told;  ///< brokers that were not looked at, for whatever reason, said once
};

/// The pod that it made may be gone by now; then what was left for it goes, too, on its nodes also without a broker.
/// That is no reason to keep the journal.
void sweep(const Context& context, const JournalSummary& journal, Silent& silent) {
  const std::string cluster = journal.kubeconfig + "\n" + journal.context, broker = cluster + "\n" + journal.broker;
  if (journal.state != "done" || silent.clusters.count(cluster) > 0) return;
  try {
    const BrokerUse use = silent.brokers.count(broker) > 0 ? BrokerUse::none : BrokerUse::if_there;
    const Session session = reopen_session(context, journal, "cleanup", use);
    if (session.broker_trouble && silent.told.insert(broker).second)
      note(context, fmt::format("whether a control queue of pod {}/{} is left was not looked at: {}", journal.ns,
                                journal.target_pod, session.broker_trouble->what()));
    if (session.broker_trouble && is_silence(*session.broker_trouble)) silent.brokers.insert(broker);
    session.engine->cleanup(journal.id, context.stop);
  } catch (const Error& error) {
    silent.clusters.insert(cluster);
    note(context, fmt::format("whether pod {}/{} has left anything was not looked at: {}", journal.ns,
                              journal.target_pod, error.what()));
  }
}

/// A journal that is unreadable, or whose cluster or broker cannot be reached, is an outcome too: the others must have
/// their turn.
std::vector<Outcome> clean(const Context& context, const JournalSummary& journal, Silent& silent) {
  // One whose hooks still run has come to its end, and is under way.
  const auto standing = is_over(journal) ? context.backend.standing(journal.id) : std::nullopt;
  if (is_over(journal) && !(standing && standing->under_way)) {
    sweep(context, journal, silent);
    context.backend.forget_journal(journal.id);
    note(context, "journal " + journal.id + " of a finished migration removed");
    return {};
  }
  try {
    if (!journal.error.empty()) throw Error(ErrorKind::refused, journal.error, journal.remedy);
    const Session session = reopen_session(context, journal, "cleanup");
    return session.engine->cleanup(journal.id, context.stop);
  } catch (const Error& error) {
    Outcome outcome;
    outcome.id = journal.id;
    outcome.result = Result::refused;
    outcome.error = error.what();
    outcome.remedy = error.remedy();
    return {outcome};
  }
}

struct CleanupOptions {
  std::string id;
  bool all = false, dry_run = false;
};

/// By its journal alone; nobody is asked.
report::Cleaning look_at(const Context& context, const JournalSummary& journal) {
  using Is = report::Cleaning::Is;
  if (!journal.error.empty()) return {journal, Is::unreadable, {}};
  const auto standing = context.backend.standing(journal.id);
  if (standing && standing->under_way) return {journal, Is::under_way, {}};
  if (is_over(journal)) return {journal, Is::finished, {}};
  return {journal, Is::unfinished, standing ? standing->open : std::vector<std::string>()};
}

int say_only(const Context& context, const std::vector<JournalSummary>& journals, const Strays& strays, bool looked) {
  std::vector<report::Cleaning> cleanings;
  for (const auto& journal : journals) cleanings.push_back(look_at(context, journal));
  const int status = status_of(strays.untold);
  if (structured(context)) {
    print_json(context,
               report::cleanings_json(cleanings, report::remnants_json(strays.found, looked), strays.untold, status));
    return status;
  }
  context.out << report::cleanings_text(cleanings) << report::remnants_text(strays.found, true);
  for (const auto& outcome : strays.untold) report_outcome(context, outcome, "cleanup", true);
  if (cleanings.empty() && strays.found.empty() && strays.untold.empty()) context.out << "Nothing to clean up.\n";
  context.out << std::flush;
  return status;
}

int run_cleanup(const Context& context, const CleanupOptions& options) {
  if (options.all && !options.id.empty())
    throw Error(ErrorKind::usage, "--all is of all migrations, and " + options.id + " is one");
  const auto journals =
      options.id.empty() ? context.backend.journals() : std::vector{find_journal(context, options.id)};
  // Before journals go: what has one is none of these.
  const Strays strays = options.all ? find_strays(context, journals, !options.dry_run) : Strays();
  if (options.dry_run) return say_only(context, journals, strays, options.all);
  std::vector<Outcome> outcomes;
  Silent silent;
  for (const auto& journal : journals)
    for (auto& outcome : clean(context, journal, silent)) outcomes.push_back(std::move(outcome));
  outcomes.insert(outcomes.end(), strays.untold.begin(), strays.untold.end());
  const int status = status_of(outcomes);
  if (structured(context)) {
    Json json = report::outcomes_json(outcomes, "cleanup", status);
    json["remnants"] = report::remnants_json(strays.found, options.all);
    print_result(context, json);
    return status;
  }
  for (const auto& outcome : outcomes) report_outcome(context, outcome, "cleanup", true);
  context.out << report::remnants_text(strays.found, false);
  if (outcomes.empty() && strays.found.empty()) context.out << "Nothing to clean up.\n";
  context.out << std::flush;
  return status;
}

}  // namespace

void add_cleanup(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<CleanupOptions>();
  auto& command =
      add_command(app, "cleanup", "Remove what unfinished migrations left, and the journals of finished ones",
                  {"ms2m cleanup", "ms2m cleanup m7k2q9", "ms2m cleanup --all --dry-run"}, [options, &chosen] {
                    chosen = {"cleanup", [options](const Context& context) { return run_cleanup(context, *options); }};
                  });
  add_text(command, options->id,
           {.names = "ID", .help = "of one migration (default: all of them)", .ask = Ask::migrations});
  add_flag(command, options->all, "--all",
           "also what migrations without a journal here have left in the namespace and at its broker");
  add_flag(command, options->dry_run, "--dry-run", "say what would be done; change nothing");
}

}  // namespace ms2m::cli
