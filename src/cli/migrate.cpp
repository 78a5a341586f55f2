#include "cli/commands.hpp"
#include "cli/declare.hpp"

namespace ms2m::cli {

namespace {

int run_migrate(const Context& given, const MigrateOptions& options) {
  if (options.dry_run) return run_plan(given, options);
  Dials dials;
  const auto observer = given.backend.tell({"migrate", "", "", &dials}, given.observer);
  const Context context = observed_by(*observer, given);
  MigrationRequest request = make_request(context, options);
  Session session = open_session(context, request, &dials);
  const TimePoint opened = Clock::now();
  Outcome outcome = session.engine->migrate(request, session.provenance, context.stop);
  const TimePoint ended = Clock::now();
  session.engine.reset();  // before the report, which tells how long that takes
  outcome.outside.insert(outcome.outside.begin(), {"finding pod and broker", opened - context.begun});
  outcome.outside.push_back({"closing the connections", Clock::now() - ended});
  outcome.wall = Clock::now() - context.begun;
  const int status = report_outcome(context, outcome, "migrate");
  prune_journals(context);
  return status;
}

}  // namespace

void add_migrate(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<MigrateOptions>();
  auto& command =
      add_command(app, "migrate", "Move a running pod to another node",
                  {"ms2m migrate pod/consumer-0 --to worker-2",
                   "ms2m migrate consumer-0 --to worker-2 --strategy handoff --prefer total",
                   "ms2m migrate pod/consumer-0 --to worker-2 -n shop --queue orders -o json",
                   "ms2m migrate pod/consumer-0 --to worker-2 --dry-run"},
                  [options, &chosen] {
                    chosen = {"migrate", [options](const Context& context) { return run_migrate(context, *options); }};
                  });
  add_migrate_options(command, *options);
  add_flag(command, options->dry_run, "--dry-run", "say what would be done, do nothing (same as ms2m plan)");
}

}  // namespace ms2m::cli
