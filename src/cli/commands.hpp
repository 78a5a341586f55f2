// The commands, one file each. add_X() declares the command with its options and help; when it is chosen, `chosen` is
// set.
#pragma once
#include <functional>
#include <string>

#include "cli/session.hpp"
#include "report/plan_report.hpp"

namespace CLI {
class App;
}

namespace ms2m::cli {

/// Runs one command; returns the exit status; may throw Error (nothing touched), Cancelled.
struct Command {
  std::string name;
  std::function<int(const Context&)> run;
  bool lists = false;      ///< migrations: -o name has their ids
  bool configured = true;  ///< false: it looks at no config.yaml
  bool follows = false;    ///< tells as it comes: a table, or an object a line
  bool documents = true;   ///< false: its result has one form, whatever MS2M_OUTPUT says
  bool has(Output output) const {
    return output == Output::name ? lists : !follows || output == Output::table || output == Output::json;
  }
};

void add_migrate(CLI::App& app, Command& chosen);
void add_plan(CLI::App& app, Command& chosen);
void add_check(CLI::App& app, Command& chosen);
void add_abort(CLI::App& app, Command& chosen);
void add_resume(CLI::App& app, Command& chosen);
void add_cleanup(CLI::App& app, Command& chosen);
void add_list(CLI::App& app, Command& chosen);
void add_drain(CLI::App& app, Command& chosen);
void add_report(CLI::App& app, Command& chosen);
void add_status(CLI::App& app, Command& chosen);
void add_set(CLI::App& app, Command& chosen);
void add_node(CLI::App& app, Command& chosen);
void add_agent(CLI::App& app, Command& chosen);
void add_config(CLI::App& app, Command& chosen);
void add_version(CLI::App& app, Command& chosen);
void add_completion(CLI::App& app, Command& chosen);

/// The options of migrate, plan and check, declared once.
void add_migrate_options(CLI::App& command, MigrateOptions& options);
/// Those of them that do not say which pod, or where to.
void add_how_options(CLI::App& command, MigrateOptions& options);

/// What is made of a plan that is only looked at.
struct LookReport {
  std::string (*text)(const Plan& plan, const report::Brought& brought);
  Json (*json)(const Plan& plan, const report::Brought& brought, int status);
};
/// Plans, prints that, and changes nothing: plan and check. 4 when the plan is refused.
int look_only(const Context& context, const MigrateOptions& options, const LookReport& report);
/// plan, and migrate --dry-run.
int run_plan(const Context& context, const MigrateOptions& options);

}  // namespace ms2m::cli
