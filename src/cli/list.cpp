#include <algorithm>

#include "cli/commands.hpp"
#include "cli/declare.hpp"
#include "report/journal_report.hpp"

namespace ms2m::cli {

namespace {

/// Of one namespace only where -n asks for it: by the default one for pods, a crashed migration elsewhere would be
/// overlooked. What it is of cannot be told of an unreadable one.
std::vector<JournalSummary> journals_here(const Context& context) {
  auto journals = context.backend.journals();
  const std::string& ns = context.globals.kube.ns;
  if (!ns.empty())
    journals.erase(
        std::remove_if(journals.begin(), journals.end(), [&ns](const JournalSummary& j) { return j.ns != ns; }),
        journals.end());
  return journals;
}

}  // namespace

void add_list(CLI::App& app, Command& chosen) {
  add_command(app, "list", "List the migrations that have a journal on this machine",
              {"ms2m list", "ms2m list -n shop", "ms2m list -o json"}, [&chosen] {
                chosen = {"list",
                          [](const Context& context) {
                            const auto journals = journals_here(context);
                            if (structured(context))
                              print_json(context, report::journals_json(journals));
                            else if (context.globals.form.output == Output::name)
                              for (const JournalSummary& journal : journals) context.out << journal.id << '\n';
                            else
                              context.out << report::journals_text(journals) << std::flush;
                            return 0;
                          },
                          true};
              });
}

}  // namespace ms2m::cli
