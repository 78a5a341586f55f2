#include "cli/commands.hpp"
#include "cli/declare.hpp"

namespace ms2m::cli {

void add_abort(CLI::App& app, Command& chosen) {
  const auto id = std::make_shared<std::string>();
  auto& command =
      add_command(app, "abort", "Undo a migration that crashed; finish it when it was past its pivot",
                  {"ms2m list", "ms2m abort m7k2q9"}, [id, &chosen] {
                    chosen = {"abort", [id](const Context& given) {
                                const auto observer = given.backend.tell({"abort", *id, ""}, given.observer);
                                const Context context = observed_by(*observer, given);
                                const Session session = reopen_session(context, find_journal(context, *id), "abort");
                                return report_outcome(context, session.engine->abort(*id, context.stop), "abort", true);
                              }};
                  });
  add_text(
      command, *id,
      {.names = "ID", .help = "of the migration, as ms2m list shows it", .required = true, .ask = Ask::migrations});
}

}  // namespace ms2m::cli
