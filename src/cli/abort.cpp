#include "cli/commands.hpp"
#include "cli/completion.hpp"

namespace ms2m::cli {

void add_abort(CLI::App& app, Command& chosen) {
  auto* command = app.add_subcommand("abort", "Undo a migration that crashed; finish it when it was past its pivot")
                      ->group("Commands");
  const auto id = std::make_shared<std::string>();
  command->add_option("ID", *id, "of the migration, as ms2m list shows it")
      ->required()
      ->type_name("")
      ->check(completed_by(Ask::migrations));
  command->footer(examples({"ms2m list", "ms2m abort m7k2q9"}));
  command->callback([id, &chosen] {
    chosen = {"abort", [id](const Context& context) {
                const Session session = reopen_session(context, find_journal(context, *id));
                return report_outcome(context, session.engine->abort(*id, context.stop), "abort", true);
              }};
  });
}

}  // namespace ms2m::cli
