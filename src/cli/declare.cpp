#include "cli/declare.hpp"

#include <CLI/CLI.hpp>

namespace ms2m::cli {

namespace {

/// "Examples:" and the lines, each indented; ends with where to look for the global options.
std::string examples(std::initializer_list<const char*> lines) {
  std::string text = "Examples:\n";
  for (const auto* line : lines) text += "  " + std::string(line) + "\n";
  return text +
         "\nThe options that every command takes (kubeconfig, broker, ssh, output): 'ms2m --help'.\n"
         "Everything: 'man ms2m'.";
}

void describe(CLI::Option& option, const Declared& declared) {
  option.type_name(declared.value)->required(declared.required)->configurable(declared.variable);
  if (!declared.group.empty()) option.group(declared.group);
  if (declared.ask != Ask::nothing) option.check(completed_by(declared.ask));
}

}  // namespace

CLI::App& add_command(CLI::App& app, const std::string& name, const std::string& purpose,
                      std::initializer_list<const char*> example_lines, std::function<void()> chosen) {
  auto* command = app.add_subcommand(name, purpose)->group("Commands");
  command->footer(examples(example_lines));
  command->callback(std::move(chosen));
  return *command;
}

CLI::App& add_group(CLI::App& app, const std::string& name, const std::string& purpose) {
  auto* group = app.add_subcommand(name, purpose)->group("Commands");
  group->require_subcommand(0, 1)->fallthrough();  // none is our own message
  group->get_formatter()->label("SUBCOMMAND", "COMMAND");
  return *group;
}

void add_text(CLI::App& command, std::string& field, const Declared& declared) {
  describe(*command.add_option(declared.names, field, declared.help), declared);
}

void add_texts(CLI::App& command, std::vector<std::string>& field, const Declared& declared) {
  describe(*command.add_option(declared.names, field, declared.help), declared);
}

void add_repeated(CLI::App& command, std::vector<std::string>& field, const Declared& declared) {
  auto* option = command.add_option(declared.names, field, declared.help);
  describe(*option, declared);
  option->allow_extra_args(false);
}

void add_checked(CLI::App& command, const Declared& declared, std::function<std::string(const std::string&)> check,
                 std::function<void(const std::string&)> take) {
  auto* option = command.add_option_function<std::string>(declared.names, std::move(take), declared.help);
  describe(*option, declared);
  option->check(CLI::Validator([check = std::move(check)](std::string& value) { return check(value); }, "",
                               declared.words.empty() ? "" : words_name(declared.words)));
}

void exclude(CLI::App& command, const std::string& one, const std::string& other) {
  command.get_option(one)->excludes(command.get_option(other));
}

void add_flag(CLI::App& command, bool& field, const std::string& names, const std::string& help,
              const std::string& group) {
  auto* option = command.add_flag(names, field, help);
  if (!group.empty()) option->group(group);
}

}  // namespace ms2m::cli
