#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "cli/global_options.hpp"
#include "cli/keys.hpp"
#include "cli/version_text.hpp"

namespace ms2m::cli {

namespace {

constexpr const char* kPurpose =
    "Moves a running, message-consuming pod to another node while its queue goes on filling.";

void declare(CLI::App& app, CommandLine& line) {
  app.require_subcommand(0, 1);  // none is our own message
  app.fallthrough();
  app.get_formatter()->column_width(32);
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.set_help_flag("-h,--help", "this text")->group("Options");
  app.set_version_flag("--version", version_text(), "print the version");
  add_global_options(app, line.globals);
  add_migrate(app, line.command);
  add_drain(app, line.command);
  add_plan(app, line.command);
  add_check(app, line.command);
  add_list(app, line.command);
  add_status(app, line.command);
  add_set(app, line.command);
  add_report(app, line.command);
  add_resume(app, line.command);
  add_abort(app, line.command);
  add_cleanup(app, line.command);
  add_node(app, line.command);
  add_agent(app, line.command);
  add_config(app, line.command);
  add_version(app, line.command);
  add_completion(app, line.command);
  app.footer(
      "Examples:\n"
      "  ms2m check pod/consumer-0 --to worker-2\n"
      "  ms2m migrate pod/consumer-0 --to worker-2\n"
      "  MS2M_BROKER=amqp://admin@broker:5672/ MS2M_BROKER_PASSWORD=... ms2m migrate pod/consumer-0 --to worker-2\n\n"
      "Exit status: 0 done, 1 failed and undone, 2 wrong command line or configuration, 3 failed and something is "
      "left,\n"
      "4 refused before anything was touched, 5 migrated but clean-up incomplete, 6 migrated but a hook failed,\n"
      "130 interrupted.\n"
      "Everything: 'man ms2m', 'man ms2m-protocol'.");
}

/// The innermost command on the command line, and what stands before it; null: none.
struct ChosenCommand {
  const CLI::App* app = nullptr;
  std::string before;
};
ChosenCommand chosen_command(const CLI::App& app) {
  ChosenCommand chosen;
  for (auto next = app.get_subcommands(); !next.empty(); next = next.front()->get_subcommands())
    chosen = {next.front(), chosen.app == nullptr ? "ms2m" : chosen.before + " " + chosen.app->get_name()};
  return chosen;
}

/// CLI11 leaves two blank lines between groups.
std::string help_of(const CLI::App& app) {
  const auto chosen = chosen_command(app);
  std::string text = chosen.app == nullptr ? app.help() : chosen.app->help(chosen.before);
  for (auto gap = text.find("\n\n\n"); gap != std::string::npos; gap = text.find("\n\n\n")) text.erase(gap, 1);
  return text;
}

/// CLI11's messages in one line, and where to read on.
std::string one_sentence(const CLI::ParseError& error) {
  std::string message = error.what();
  std::replace(message.begin(), message.end(), '\n', ' ');
  if (message.starts_with(": ")) message.erase(0, 2);  // of an option that is not shown
  while (!message.empty() && (message.back() == ' ' || message.back() == '.')) message.pop_back();
  return message;
}

bool is_shown(const CLI::App& app, const CLI::Option& option) {
  return !option.get_lnames().empty() && option.nonpositional() && !option.get_group().empty() &&
         &option != app.get_help_ptr() && &option != app.get_version_ptr();
}

/// The words with what variables say of options that are not among them, right behind the command. `variables` gets
/// who spoke for which option.
std::vector<std::string> with_variables(const CLI::App& app, const std::vector<std::string>& words,
                                        const Environment& environment, std::map<std::string, std::string>& variables) {
  const Understood line = understand(app, words);
  std::vector<std::string> all(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(line.behind));
  if (line.given.count("help") > 0 || line.commands.empty()) return words;
  std::set<std::string> seen;
  const auto add = [&](const CLI::App& of) {
    for (const auto* option : of.get_options()) {
      if (!is_shown(of, *option)) continue;
      const std::string name = option->get_lnames().front();
      if (!seen.insert(name).second) continue;                                         // an inner command's own
      if (!option->get_configurable() || (&of == &app && name == "output")) continue;  // form_of_variable()
      const auto key = find_key(key_of(name));
      const std::string variable = variable_of(name);
      const auto value = environment.get(variable);
      const auto* general = app.get_option_no_throw("--" + name);
      if (general != nullptr && general->get_type_name() != option->get_type_name()) continue;  // of another meaning
      const auto others = option->get_excludes();
      const bool excluded = std::any_of(others.begin(), others.end(), [&](const CLI::Option* other) {
        const std::string& there = other->get_lnames().front();
        return line.given.count(there) > 0 || variables.count(there) > 0;
      });
      if (key != nullptr || excluded || line.given.count(name) > 0 || !value) continue;
      variables[name] = variable;
      all.push_back("--" + name + "=" + *value);
    }
  };
  const CLI::App* current = &app;
  std::vector<const CLI::App*> chain{&app};
  for (const auto& command : line.commands) chain.push_back(current = current->get_subcommand(command));
  for (auto each = chain.rbegin(); each != chain.rend(); ++each) add(**each);
  all.insert(all.end(), words.begin() + static_cast<std::ptrdiff_t>(line.behind), words.end());
  return all;
}

/// A message about an option that a variable spoke for names the variable.
std::string naming_variables(std::string message, const std::map<std::string, std::string>& variables) {
  for (const auto& [name, variable] : variables)
    if (const auto at = message.find("--" + name); at != std::string::npos) {
      const auto end = at + 2 + name.size();
      if (end == message.size() || (message[end] != '-' && std::isalnum(static_cast<unsigned char>(message[end])) == 0))
        message.replace(at, 2 + name.size(), variable);
    }
  return message;
}

/// A command has an --output of its own that says the form, too, and not a file.
bool says_form_itself(const CLI::App& app, const CLI::App* command) {
  const auto* own = command == nullptr ? nullptr : command->get_option_no_throw("--output");
  return own != nullptr && own->get_type_name() == app.get_option("--output")->get_type_name();
}

/// As the words say, right or wrong: a program reads the answer also to a line that cannot be parsed.
Form form_given(const CLI::App& app, const std::vector<std::string>& words) try {
  const auto given = understand(app, words).given;
  const auto output = given.find("output");
  return output == given.end() ? Form() : form_of(output->second).value_or(Form());
} catch (const Error&) {
  return {};
}

/// What MS2M_OUTPUT says of the form, where neither the words do nor an --output of that command's own.
std::optional<std::string> form_of_variable(const CLI::App& app, const CLI::App* command,
                                            const std::vector<std::string>& words, const Environment& environment) {
  if (command != nullptr && command->get_option_no_throw("--output") != nullptr) return std::nullopt;
  return understand(app, words).given.count("output") > 0 ? std::nullopt : environment.get(variable_of("output"));
}

/// The one of another command: csv.
bool is_form_elsewhere(const CLI::App& app, const std::string& word) {
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  return std::any_of(commands.begin(), commands.end(), [&](const CLI::App* command) {
    if (!says_form_itself(app, command)) return false;
    auto& option =
        const_cast<CLI::Option&>(*command->get_option("--output"));  // NOLINT: get_validator() lacks its const
    return (*option.get_validator(0))(word).empty();
  });
}

void refuse(CommandLine& line, const CLI::App& app, const std::string& wrong) {
  const auto chosen = chosen_command(app);
  const std::string command = chosen.app == nullptr ? "ms2m" : chosen.before + " " + chosen.app->get_name();
  line.status = 2;
  line.command = {};
  line.command.name = command == "ms2m" ? "" : command.substr(5);
  line.wrong = wrong;
  line.cure = "see '" + command + " --help'";
  line.text = "ms2m: " + line.wrong + "; " + line.cure + "\n";
}

}  // namespace

Candidates candidates_of(const std::vector<std::string>& words) {
  CommandLine line;
  CLI::App app("", "ms2m");
  declare(app, line);
  return candidates(app, words);
}

CommandLine parse_command_line(const std::vector<std::string>& words, const Environment& environment) {
  CommandLine line;
  CLI::App app(kPurpose, "ms2m");
  declare(app, line);
  std::map<std::string, std::string> variables;
  const std::vector<std::string> all = with_variables(app, words, environment, variables);
  try {
    app.parse(std::vector<std::string>(all.rbegin(), all.rend()));  // CLI11 takes them from the back
    // Last: CLI11's own check of it would hide the word that was mistyped.
    const auto chosen = chosen_command(app);
    const CLI::App& last = chosen.app == nullptr ? app : *chosen.app;
    if (!last.get_subcommands({}).empty() && last.get_subcommands().empty()) throw CLI::RequiredError("a command");
  } catch (const CLI::CallForHelp&) {
    line.text = help_of(app);
    return line;
  } catch (const CLI::CallForVersion& version) {
    line.text = std::string(version.what()) + "\n";
    return line;
  } catch (const CLI::ParseError& error) {
    refuse(line, app, naming_variables(one_sentence(error), variables));
    const auto variable = form_of_variable(app, chosen_command(app).app, all, environment);
    line.globals.form = form_given(app, variable ? std::vector<std::string>{"--output=" + *variable} : all);
    return line;
  }
  if (const auto variable = form_of_variable(app, chosen_command(app).app, all, environment)) {
    const std::string wrong = form_objection(*variable, "");
    if (wrong.empty())
      line.globals.form = form_of(*variable).value();
    else if (line.command.documents && !is_form_elsewhere(app, *variable))
      refuse(line, app, variable_of("output") + ": " + wrong);
    if (!line.command.has(line.globals.form.output)) line.globals.form = {};  // it is for those that have it
    return line;
  }
  if (says_form_itself(app, chosen_command(app).app)) line.globals.form = form_given(app, all);
  if (!line.command.has(line.globals.form.output) && variables.count("output") > 0)
    line.globals.form = {};  // it is for those that have it
  return line;
}

namespace {

/// `visit` gets each command, and its name behind "ms2m".
void each_command(const CLI::App& app, const std::string& name,
                  const std::function<void(const CLI::App&, const std::string&)>& visit) {
  visit(app, name);
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!command->get_group().empty())
      each_command(*command, (name.empty() ? "" : name + " ") + command->get_name(), visit);
}

void each_command(const std::function<void(const CLI::App&, const std::string&)>& visit) {
  CommandLine line;
  CLI::App app(kPurpose, "ms2m");
  declare(app, line);
  each_command(app, "", visit);
}

}  // namespace

std::vector<OptionRow> option_rows() {
  std::vector<OptionRow> rows;
  each_command([&](const CLI::App& app, const std::string& command) {
    for (const auto* option : app.get_options()) {
      if (!is_shown(app, *option)) continue;
      const bool flag = option->get_items_expected_max() == 0;
      rows.push_back({command, option->get_lnames().front(), option->get_name(false, true),
                      flag ? "" : option->get_type_name(), option->get_description(), option->get_group(), flag});
    }
  });
  return rows;
}

std::vector<CommandRow> command_rows() {
  std::vector<CommandRow> rows;
  each_command([&](const CLI::App& app, const std::string& name) {
    CommandRow row{name, app.get_description(), {}, {}, !app.get_subcommands({}).empty()};
    for (const auto* option : app.get_options())
      if (option->get_positional()) row.arguments.push_back(option->get_name());
    std::istringstream footer(app.get_footer());
    for (std::string line; std::getline(footer, line);)
      if (line.starts_with("  ")) row.examples.push_back(line.substr(2));
    rows.push_back(std::move(row));
  });
  return rows;
}

}  // namespace ms2m::cli
