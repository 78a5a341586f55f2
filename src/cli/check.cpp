#include "cli/commands.hpp"
#include "cli/declare.hpp"
#include "report/plan_report.hpp"

namespace ms2m::cli {

namespace {

int run_check(const Context& context, const MigrateOptions& options) {
  MigrationRequest request = make_request(context, options);
  request.dry_run = true;
  const Session session = open_session(context, request);
  const Plan plan = session.engine->plan(request, context.stop);
  const auto brought = session.engine->program_brought_to();
  const int status = plan.refused() ? 4 : 0;
  if (context.globals.output == Output::json)
    context.out << report::check_json(plan, brought, status).dump(2, ' ', false, Json::error_handler_t::replace)
                << '\n';
  else
    context.out << report::check_text(plan, brought);
  context.out << std::flush;
  return status;
}

}  // namespace

void add_check(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<MigrateOptions>();
  auto& command =
      add_command(app, "check", "Say whether a pod can be moved, and what cures what is in the way",
                  {"ms2m check pod/consumer-0 --to worker-2",
                   "ms2m check pod/consumer-0 --to worker-2 -o json | jq '.findings[] | select(.level==\"refusal\")'"},
                  [options, &chosen] {
                    chosen = {"check", [options](const Context& context) { return run_check(context, *options); }};
                  });
  add_migrate_options(command, *options);
}

}  // namespace ms2m::cli
