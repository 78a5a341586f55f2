#include "cli/commands.hpp"
#include "cli/declare.hpp"
#include "report/journal_report.hpp"

namespace ms2m::cli {

void add_list(CLI::App& app, Command& chosen) {
  add_command(app, "list", "List the migrations that have a journal on this machine",
              {"ms2m list", "ms2m list -o json"}, [&chosen] {
                chosen = {"list", [](const Context& context) {
                            const auto journals = context.backend.journals();
                            if (context.globals.output == Output::json)
                              print_json(context, report::journals_json(journals));
                            else
                              context.out << report::journals_text(journals) << std::flush;
                            return 0;
                          }};
              });
}

}  // namespace ms2m::cli
