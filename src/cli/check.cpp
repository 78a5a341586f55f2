#include "cli/commands.hpp"
#include "cli/declare.hpp"

namespace ms2m::cli {

void add_check(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<MigrateOptions>();
  auto& command =
      add_command(app, "check", "Say whether a pod can be moved, and what cures what is in the way",
                  {"ms2m check pod/consumer-0 --to worker-2",
                   "ms2m check pod/consumer-0 --to worker-2 -o json | jq '.findings[] | select(.level==\"refusal\")'"},
                  [options, &chosen] {
                    chosen = {"check", [options](const Context& context) {
                                return look_only(context, *options, {report::check_text, report::check_json});
                              }};
                  });
  add_migrate_options(command, *options);
}

}  // namespace ms2m::cli
