#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/commands.hpp"
#include "cli/declare.hpp"
#include "ms2m/error.hpp"
#include "report/outcome_report.hpp"

namespace ms2m::cli {

namespace {

bool finished(const JournalSummary& journal) { return journal.state == "done" || journal.state == "undone"; }

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
  if (finished(journal)) {
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

int run_cleanup(const Context& context, const std::string& id) {
  const auto journals = id.empty() ? context.backend.journals() : std::vector{find_journal(context, id)};
  std::vector<Outcome> outcomes;
  Silent silent;
  for (const auto& journal : journals)
    for (auto& outcome : clean(context, journal, silent)) outcomes.push_back(std::move(outcome));
  const int status = status_of(outcomes);
  if (context.globals.output == Output::json) {
    print_json(context, report::outcomes_json(outcomes, "cleanup", status));
    return status;
  }
  for (const auto& outcome : outcomes) report_outcome(context, outcome, "cleanup", true);
  if (outcomes.empty()) context.out << "Nothing to clean up.\n" << std::flush;
  return status;
}

}  // namespace

void add_cleanup(CLI::App& app, Command& chosen) {
  const auto id = std::make_shared<std::string>();
  auto& command =
      add_command(app, "cleanup", "Remove what unfinished migrations left, and the journals of finished ones",
                  {"ms2m cleanup", "ms2m cleanup m7k2q9"}, [id, &chosen] {
                    chosen = {"cleanup", [id](const Context& context) { return run_cleanup(context, *id); }};
                  });
  add_text(command, *id, {.names = "ID", .help = "of one migration (default: all of them)", .ask = Ask::migrations});
}

}  // namespace ms2m::cli
