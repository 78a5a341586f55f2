// How a command ends: the result on standard output, what went wrong on standard error.
#include "cli/json_path_place.hpp"
#include "cli/session.hpp"
#include "cli/yaml_text.hpp"
#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"
#include "report/outcome_report.hpp"

namespace ms2m::cli {

void print_json(const Context& context, const Json& json) {
  const Form& form = context.globals.form;
  if (form.output == Output::jsonpath)
    context.out << form.path->of(json) << std::flush;
  else if (form.output == Output::yaml)
    context.out << yaml_text(json) << std::flush;
  else
    context.out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
}

void print_result(const Context& context, const Json& json, const std::string& remedy) try {
  print_json(context, json);
} catch (const WrongTemplate& error) {
  warn(context, error.what(), remedy);
}

void print_refusal(const Context& context, const Json& json) try {
  print_json(context, json);
} catch (const WrongTemplate&) {
  // It is a template of what was to be done: this has nothing of that.
}

void keep_result(const Context& context, const Outcome& outcome, const std::string& command, int status) {
  if (outcome.id.empty() || outcome.result == Result::refused) return;
  try {
    context.backend.keep_outcome(outcome.id, report::outcome_json(outcome, command, status));
  } catch (const std::exception& error) {
    warn(context, std::string("the result was not kept for 'ms2m report': ") + error.what(), "");
  }
}

void prune_journals(const Context& context) {
  try {
    context.backend.prune_journals(context.config.journals);
  } catch (const std::exception& error) {
    note(context, std::string("old journals were not removed: ") + error.what());
  }
}

namespace {

/// What tells all that a template has not told.
std::string whole_of(const Outcome& outcome) {
  return outcome.id.empty() ? "" : remedy::command(remedy::Command::show_result, {}, {outcome.id});
}

}  // namespace

int report_outcome(const Context& context, const Outcome& outcome, const std::string& command, bool undone_is_success) {
  const bool succeeded = undone_is_success && outcome.result == Result::undone && !outcome.interrupted;
  const int status = succeeded ? 0 : exit_status(outcome);
  keep_result(context, outcome, command, status);
  const auto detail = context.globals.verbose ? report::Detail::more : report::Detail::usual;
  if (structured(context) && outcome.result == Result::refused)
    print_refusal(context, report::outcome_json(outcome, command, status));
  else if (structured(context))
    print_result(context, report::outcome_json(outcome, command, status), whole_of(outcome));
  else
    context.out << (succeeded ? report::aborted_text(outcome) : report::success_text(outcome, detail)) << std::flush;
  if (const auto failure = succeeded ? std::string() : report::failure_text(outcome); !failure.empty())
    context.err << "ms2m: " << failure << std::flush;
  return status;
}

int report_error(const Context& context, const Error& error, const std::string& command) {
  Outcome outcome;
  outcome.result = Result::refused;
  outcome.error = error.what();
  outcome.remedy = error.remedy();
  const int status = error.kind() == ErrorKind::usage ? 2 : exit_status(outcome);
  const bool wrong_template = dynamic_cast<const WrongTemplate*>(&error) != nullptr;
  if (structured(context) && !wrong_template) print_refusal(context, report::outcome_json(outcome, command, status));
  context.err << "ms2m: "
              << (status == 2
                      ? outcome.error + "\n" + (outcome.remedy.empty() ? "" : "Cure:     " + outcome.remedy + "\n")
                      : report::failure_text(outcome))
              << std::flush;
  return status;
}

}  // namespace ms2m::cli
