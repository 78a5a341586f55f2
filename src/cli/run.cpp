#include "cli/run.hpp"

#include "cli/command_line.hpp"
#include "cli/completion.hpp"
#include "cli/state_on_signal.hpp"
#include "ms2m/error.hpp"
#include "report/outcome_report.hpp"
#include "report/progress.hpp"

namespace ms2m::cli {

namespace {

std::unique_ptr<Observer> make_observer(const GlobalOptions& globals, const Streams& streams) {
  report::ProgressOptions options;
  options.verbose = globals.verbose;
  options.columns = streams.err_columns;
  auto style = globals.quiet ? ProgressStyle::none : globals.progress;
  if (style == ProgressStyle::automatic) style = streams.err_is_terminal ? ProgressStyle::tty : ProgressStyle::plain;
  switch (style) {
    case ProgressStyle::tty:
      return report::make_tty_progress(streams.err, options);
    case ProgressStyle::jsonl:
      return report::make_json_progress(streams.err, options);
    case ProgressStyle::none:
      return report::make_quiet_progress(streams.err);
    default:
      return report::make_plain_progress(streams.err, options);
  }
}

int interrupted(const Context& context, const std::string& command) {
  Outcome outcome;
  outcome.result = Result::refused;
  outcome.interrupted = true;
  outcome.error = "before anything was touched";
  if (structured(context)) return report_outcome(context, outcome, command);
  context.err << "ms2m: interrupted before anything was touched\n" << std::flush;
  return 130;
}

int run_command(const CommandLine& line, const Context& context) {
  try {
    return line.command.run(context);
  } catch (const Cancelled&) {
    return interrupted(context, line.command.name);
  } catch (const Error& error) {
    return report_error(context, error, line.command.name);
  } catch (const std::exception& error) {
    return report_error(context, Error(ErrorKind::failed, std::string("internal error: ") + error.what()),
                        line.command.name);
  }
}

}  // namespace

int run(const std::vector<std::string>& arguments, const Environment& environment, const Streams& streams,
        Backend& backend, const StopToken& stop) noexcept try {
  const TimePoint begun = Clock::now();
  // No command of the tree: for the shells' scripts only.
  if (!arguments.empty() && arguments.front() == "__complete") {
    const auto first = arguments.begin() + (arguments.size() > 1 && arguments[1] == "--" ? 2 : 1);
    streams.out << completion_lines({first, arguments.end()}, backend, stop) << std::flush;
    return 0;
  }
  if (!arguments.empty() && arguments.front() == "__man") {  // for the pages that are made when ms2m is built
    streams.out << (arguments.size() == 1 ? manual_names() : manual_of(arguments[1])) << std::flush;
    return 0;
  }
  const CommandLine line = parse_command_line(arguments, environment);
  if (!line.command.run) {
    if (line.status == 0 || !structured(line.globals.form.output)) {
      (line.status == 0 ? streams.out : streams.err) << line.text << std::flush;
      return line.status;
    }
  }
  const auto observer = make_observer(line.globals, streams);
  const auto context = [&](const Config& config) {
    return Context{line.globals, environment, config, backend, *observer, streams.out, streams.err, stop, begun};
  };
  if (line.status != 0)
    return report_error(context({}), Error(ErrorKind::usage, line.wrong, line.cure), line.command.name);
  if (!line.command.has(line.globals.form.output))
    return report_error(
        context({}),
        line.command.follows
            ? Error(ErrorKind::usage, "--follow tells in a table or, with -o json, an object a line", "leave -o out")
            : Error(ErrorKind::usage, "-o name is of a list, and this " + line.command.name + " is none",
                    "lists: ms2m list, status, report"),
        line.command.name);
  Config config;
  try {
    if (line.command.configured) config = read_config(environment.config_file(), line.globals.profile);
  } catch (const Error& error) {
    return report_error(context({}), error, line.command.name);
  }
  std::unique_ptr<EntryWatch> watch;
  try {
    watch = backend.entry_watch(environment, stop);
  } catch (const Error& error) {
    return report_error(context(config), error, line.command.name);
  }
  Context whole = context(config);
  whole.watch = watch.get();
  const StateOnSignal answering(whole, streams.state_asked);
  return run_command(line, whole);
} catch (...) {
  return 1;  // out of memory, or standard error is gone: nothing is left that could be said
}

}  // namespace ms2m::cli
