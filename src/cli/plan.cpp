#include "cli/commands.hpp"
#include "cli/declare.hpp"

namespace ms2m::cli {

int look_only(const Context& context, const MigrateOptions& options, const LookReport& report) {
  MigrationRequest request = make_request(context, options);
  request.dry_run = true;
  const Session session = open_session(context, request);
  const Plan plan = session.engine->plan(request, context.stop);
  const auto brought = session.engine->program_brought_to();
  const int status = plan.refused() ? 4 : 0;
  if (structured(context))
    print_json(context, report.json(plan, brought, status));
  else
    context.out << report.text(plan, brought) << std::flush;
  return status;
}

int run_plan(const Context& context, const MigrateOptions& options) {
  return look_only(context, options, {report::plan_text, report::plan_json});
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
