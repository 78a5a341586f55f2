#include "cli/commands.hpp"
#include "cli/declare.hpp"
#include "report/plan_report.hpp"

namespace ms2m::cli {

int run_plan(const Context& context, const MigrateOptions& options) {
  MigrationRequest request = make_request(context, options);
  request.dry_run = true;
  const Session session = open_session(context, request);
  const Plan plan = session.engine->plan(request, context.stop);
  const auto brought = session.engine->program_brought_to();
  const int status = plan.refused() ? 4 : 0;
  if (context.globals.output == Output::json)
    context.out << report::plan_json(plan, brought, status).dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  else
    context.out << report::plan_text(plan, brought);
  context.out << std::flush;
  return status;
}

void add_plan(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<MigrateOptions>();
  auto& command =
      add_command(app, "plan", "Say what migrate would do, and do nothing",
                  {"ms2m plan pod/consumer-0 --to worker-2",
                   "ms2m plan pod/consumer-0 --to worker-2 --strategy shadow --replay fanout -o json"},
                  [options, &chosen] {
                    chosen = {"plan", [options](const Context& context) { return run_plan(context, *options); }};
                  });
  add_migrate_options(command, *options);
}

}  // namespace ms2m::cli
