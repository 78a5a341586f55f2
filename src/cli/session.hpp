// What a command works with, and the way that most of them share: kubeconfig, pod, broker, engine.
#pragma once
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "cli/backend.hpp"
#include "cli/config_file.hpp"
#include "cli/environment.hpp"
#include "cli/options.hpp"
#include "ms2m/dials.hpp"
#include "ms2m/entry_watch.hpp"
#include "ms2m/error.hpp"
#include "ms2m/stop.hpp"
#include "ms2m/units.hpp"

namespace ms2m::cli {

struct Context {
  const GlobalOptions& globals;
  const Environment& environment;
  const Config& config;
  Backend& backend;
  Observer& observer;
  std::ostream& out;  ///< the result
  std::ostream& err;  ///< everything else
  StopToken stop;
  TimePoint begun = Clock::now();  ///< the command
  EntryWatch* watch = nullptr;     ///< as Migrator::Beside has it
};

/// The same, observed by another one.
inline Context observed_by(Observer& observer, const Context& context) {
  return {context.globals, context.environment, context.config, context.backend, observer,
          context.out,     context.err,         context.stop,   context.begun,   context.watch};
}

/// The same, configured by another file's settings, which outlive it.
inline Context configured_by(const Config& config, const Context& context) {
  return {context.globals, context.environment, config,       context.backend, context.observer,
          context.out,     context.err,         context.stop, context.begun,   context.watch};
}

/// defaults, then config.yaml, then the command line. Error{usage}.
MigrationRequest make_request(const Context& context, const MigrateOptions& options);

/// That KUBECONFIG hides the cluster which the file, or its profile, names.
void warn_about_kubeconfig(const Context& context);

/// What migrate would refuse of any pod: Error{usage}. `options.pod` is not looked at, and nobody is asked.
void check_request(const Context& context, const MigrateOptions& options);

/// Flags, then `noted` (what a journal has), environment, config.yaml.
SshOptions ssh_options(const Context& context, const SshOptions& noted = {});

struct Session {
  std::shared_ptr<Cluster> cluster;
  std::unique_ptr<Hooks> hooks;  ///< empty: the request has none
  std::unique_ptr<Engine> engine;
  Provenance provenance;
  std::optional<Error> broker_trouble;  ///< nothing can be asked of it
};

/// For migrate, plan and check: fills request.ns and request.queue. Throws Error{usage} for a wrong kubeconfig and
/// every other Error for what was not to be found, reached or allowed; nothing has been touched then. For a dry run a
/// broker or a queue that cannot be found out is no error but goes to request.unresolved. `dials`, which outlives it:
/// what the operator may turn meanwhile; nullptr: nothing.
Session open_session(const Context& context, MigrationRequest& request, Dials* dials = nullptr);

enum class BrokerUse {
  needed,
  if_there,  ///< one that is not found, or does not answer, is no error: Session::broker_trouble says it
  none,      ///< it is not looked for
};

/// For abort, resume and cleanup (`command`): the cluster and the broker of that journal, as far as the flags do not
/// say otherwise. Error{refused} when what is found there is another one, or one that cannot be told from another.
Session reopen_session(const Context& context, const JournalSummary& journal, const std::string& command,
                       BrokerUse use = BrokerUse::needed);

/// The journal `id`. Error{refused} when there is none.
JournalSummary find_journal(const Context& context, const std::string& id);

/// The result is for a program: JSON, the same as YAML, or what a template takes of it.
inline bool structured(Output output) { return output != Output::table && output != Output::name; }
inline bool structured(const Context& context) { return structured(context.globals.form.output); }
/// One document on standard output, in that form. WrongTemplate: it does not fit.
void print_json(const Context& context, const Json& json);
/// The same of what was done already: that a template does not fit is a warning, with that cure.
void print_result(const Context& context, const Json& json, const std::string& remedy = {});
/// The same of why nothing was done, which is told beside it: of that, a template that does not fit takes nothing.
void print_refusal(const Context& context, const Json& json);

/// Prints outcome (table or JSON) and returns the exit status. `undone_is_success`: for abort and cleanup.
int report_outcome(const Context& context, const Outcome& outcome, const std::string& command,
                   bool undone_is_success = false);

/// For `ms2m report`, if there is a migration. That it cannot be kept is no failure of it.
void keep_result(const Context& context, const Outcome& outcome, const std::string& command, int status);

/// Journals of what is over long since. That they cannot be removed is no failure of what was done.
void prune_journals(const Context& context);

/// What was thrown before anything was touched, as an outcome; the exit status is 2 for Error{usage}, else 4.
int report_error(const Context& context, const Error& error, const std::string& command);

void note(const Context& context, const std::string& text);
void warn(const Context& context, const std::string& text, const std::string& remedy);

}  // namespace ms2m::cli
