#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/declare.hpp"
#include "cli/quantity.hpp"
#include "cli/running.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "report/fields.hpp"
#include "report/outcome_report.hpp"

namespace ms2m::cli {

namespace {

constexpr Millis kAnswer{5000};  ///< it writes its journal before it answers

struct SetOptions {
  std::string id, downtime_limit, bandwidth;
};

/// Error{usage}.
Json wish_of(const SetOptions& options) {
  if (options.downtime_limit.empty() && options.bandwidth.empty())
    throw Error(ErrorKind::usage, "there is nothing to change: give --downtime-limit, --bandwidth, or both");
  Json wish{{"schema", report::kSchema}, {"kind", "set"}, {"id", options.id}};
  if (!options.downtime_limit.empty()) wish["downtime_limit_ms"] = parse_duration(options.downtime_limit).count();
  if (!options.bandwidth.empty())
    wish["bandwidth"] = options.bandwidth == "off" ? 0 : parse_rate(options.bandwidth).count;
  return wish;
}

/// Its line of kind "answer". Error{refused}: there is none.
Json answer_of(const Context& context, Running& running, const Json& wish) {
  const auto silent = [&running] {
    return Error(
        ErrorKind::refused, fmt::format("the ms2m of this migration (pid {}) does not answer", running.listener->pid()),
        "when it was stopped (Ctrl-Z, SIGSTOP), let it go on; one of an earlier release cannot be told anything");
  };
  if (!running.state) throw silent();
  if (!running.listener->say(wish)) throw Error(ErrorKind::refused, "the ms2m of this migration has just ended");
  const StopToken limit = context.stop.within(kAnswer);
  try {
    while (auto line = running.listener->next(limit))
      if (report::text_in(*line, "kind") == "answer") return *line;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::timeout) throw;
    throw silent();
  }
  throw Error(ErrorKind::refused, "the ms2m of this migration has just ended");
}

int run_set(const Context& context, const SetOptions& options) {
  const Json wish = wish_of(options);
  const JournalSummary journal = find_journal(context, options.id);
  if (!journal.error.empty()) throw Error(ErrorKind::refused, journal.error, journal.remedy);
  std::vector<Running> all = running_here(context);
  Running* const running = running_of(all, journal);
  if (running == nullptr)
    throw Error(ErrorKind::refused,
                fmt::format("migration {} is not under way on this machine: {}", journal.id, journal.state),
                "how far it is: " + remedy::command(remedy::Command::show_status, {}, {journal.id}));
  const Json answer = answer_of(context, *running, wish);
  if (!answer.value("ok", false))
    throw Error(ErrorKind::refused, report::text_in(answer, "error"), report::text_in(answer, "remedy"));
  if (structured(context))
    print_result(context, wish);
  else
    context.out << fmt::format("Migration {} goes on with{}{}.\n", journal.id,
                               options.downtime_limit.empty() ? "" : " downtime limit " + options.downtime_limit,
                               options.bandwidth.empty() ? ""
                                                         : (options.downtime_limit.empty() ? "" : " and") +
                                                               std::string(" bandwidth ") + options.bandwidth)
                << std::flush;
  return 0;
}

/// The option's own parser as a check.
template <class Parse>
std::function<std::string(const std::string&)> checked_by(Parse parse) {
  return [parse](const std::string& value) -> std::string {
    try {
      parse(value);
      return {};
    } catch (const Error& error) {
      return error.message();
    }
  };
}

}  // namespace

void add_set(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<SetOptions>();
  auto& command = add_command(
      app, "set", "Change a migration that is under way on this machine",
      {"ms2m set m7k2q9 --bandwidth 20M", "ms2m set m7k2q9 --bandwidth off", "ms2m set m7k2q9 --downtime-limit 1s"},
      [options, &chosen] {
        chosen = {"set", [options](const Context& context) { return run_set(context, *options); }};
      });
  add_text(command, options->id, {.names = "ID", .help = "of the migration", .required = true, .ask = Ask::migrations});
  add_checked(command,
              {.names = "--downtime-limit",
               .help = "shadow, until it cuts over: as for migrate",
               .value = "DURATION",
               .variable = false},
              checked_by(parse_duration), [options](const std::string& given) { options->downtime_limit = given; });
  add_checked(command,
              {.names = "--bandwidth",
               .help = "until the checkpoint has been carried: as for migrate, or off",
               .value = "RATE",
               .variable = false},
              checked_by([](const std::string& value) {
                if (value != "off") parse_rate(value);
              }),
              [options](const std::string& given) { options->bandwidth = given; });
}

}  // namespace ms2m::cli
