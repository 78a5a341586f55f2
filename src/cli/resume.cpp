#include "cli/commands.hpp"
#include "cli/declare.hpp"

namespace ms2m::cli {

void add_resume(CLI::App& app, Command& chosen) {
  const auto id = std::make_shared<std::string>();
  auto& command =
      add_command(app, "resume", "Finish a migration that crashed; undo it when it was before its pivot",
                  {"ms2m list", "ms2m resume m7k2q9"}, [id, &chosen] {
                    chosen = {"resume", [id](const Context& given) {
                                const auto observer = given.backend.tell({"resume", *id, ""}, given.observer);
                                const Context context = observed_by(*observer, given);
                                const Session session = reopen_session(context, find_journal(context, *id), "resume");
                                return report_outcome(context, session.engine->resume(*id, context.stop), "resume");
                              }};
                  });
  add_text(
      command, *id,
      {.names = "ID", .help = "of the migration, as ms2m list shows it", .required = true, .ask = Ask::migrations});
}

}  // namespace ms2m::cli
