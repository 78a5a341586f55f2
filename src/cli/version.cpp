#include "cli/commands.hpp"
#include "cli/declare.hpp"
#include "cli/version_text.hpp"
#include "report/outcome_report.hpp"

namespace ms2m::cli {

std::string version_text() { return std::string("ms2m ") + MS2M_VERSION; }

void add_version(CLI::App& app, Command& chosen) {
  add_command(app, "version", "Print the version", {"ms2m version", "ms2m version -o json"}, [&chosen] {
    chosen = {
        .name = "version",
        .run =
            [](const Context& context) {
              if (structured(context))
                print_json(context, {{"schema", report::kSchema}, {"kind", "version"}, {"version", MS2M_VERSION}});
              else
                context.out << version_text() << '\n' << std::flush;
              return 0;
            },
        .configured = false};
  });
}

}  // namespace ms2m::cli
