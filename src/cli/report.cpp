#include <algorithm>
#include <filesystem>

#include "cli/commands.hpp"
#include "cli/declare.hpp"
#include "cli/write_file.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "report/moves.hpp"

namespace ms2m::cli {

namespace {

struct ReportOptions {
  std::vector<std::string> ids;
  std::string format, textfile;
};

report::Moves moves_of(const Context& context, const std::vector<std::string>& ids) {
  report::Moves moves;
  const auto add = [&](const JournalSummary& journal) {
    auto move = context.backend.outcome(journal.id);
    if (!move) return false;
    (*move)["started"] = journal.started;
    moves.push_back(std::move(*move));
    return true;
  };
  for (const std::string& id : ids)
    if (const JournalSummary journal = find_journal(context, id); !add(journal))
      throw Error(ErrorKind::refused,
                  "migration " + id + " has left no result: it is under way, or its ms2m was killed",
                  "how far it is: " + remedy::command(remedy::Command::show_status, {}, {id}));
  if (ids.empty())
    for (const JournalSummary& journal : context.backend.journals()) try {
        add(journal);
      } catch (const Error& error) {  // one that cannot be read hides no other
        warn(context, error.what(), error.remedy());
      }
  std::stable_sort(moves.begin(), moves.end(),
                   [](const Json& a, const Json& b) { return a.at("started") < b.at("started"); });
  return moves;
}

int run_report(const Context& context, const ReportOptions& options) {
  const report::Moves moves = moves_of(context, options.ids);
  if (!options.textfile.empty()) {
    using std::filesystem::perms;
    write_whole(options.textfile, report::moves_metrics(moves),
                perms::owner_read | perms::owner_write | perms::group_read | perms::others_read);
    return 0;
  }
  if (structured(context))
    print_json(context, report::moves_json(moves));
  else if (context.globals.form.output == Output::name)
    for (const Json& move : moves) context.out << move.value("id", "") << '\n';
  else if (options.format == "csv")
    context.out << report::moves_csv(moves);
  else if (options.format == "svg")
    context.out << report::moves_svg(moves);
  else if (options.format == "html")
    context.out << report::moves_html(moves);
  else
    context.out << report::moves_text(moves);
  context.out << std::flush;
  return 0;
}

}  // namespace

void add_report(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<ReportOptions>();
  auto& command = add_command(
      app, "report", "Show what migrations came to, as a table, a picture or a page",
      {"ms2m report", "ms2m report m7k2q9 -o svg", "ms2m report -o html",
       "ms2m report --textfile /var/lib/node_exporter/ms2m.prom"},
      [options, &chosen] {
        chosen = {"report", [options](const Context& context) { return run_report(context, *options); }, true};
      });
  add_texts(command, options->ids,
            {.names = "ID", .help = "of migrations (default: all that have left a result)", .ask = Ask::migrations});
  add_text(
      command, options->textfile,
      {.names = "--textfile", .help = "write Prometheus metrics there instead", .value = "FILE", .ask = Ask::files});
  add_checked(
      command,
      {.names = "-o,--output",
       .help = "table (default), json, yaml, jsonpath=TEMPLATE, name, csv, svg or html",
       .value = "WORD",
       .words = {"table", "json", "yaml", "name", "jsonpath=", "csv", "svg", "html"}},
      [](const std::string& given) {
        const std::string word = bare_form(given);
        const bool picture = word == "csv" || word == "svg" || word == "html";
        return picture ? "" : form_objection(given, ", csv, svg, html");
      },
      [options](const std::string& given) { options->format = bare_form(given); });
  exclude(command, "--output", "--textfile");
}

}  // namespace ms2m::cli
