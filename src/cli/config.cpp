// `ms2m config`: what is in force beside what a command line says, and a file to begin with.
#include <filesystem>
#include <optional>

#include "cli/command_line.hpp"
#include "cli/commands.hpp"
#include "cli/declare.hpp"
#include "cli/keys.hpp"
#include "cli/reach.hpp"
#include "cli/template.hpp"
#include "cli/write_file.hpp"
#include "ms2m/error.hpp"
#include "report/config_report.hpp"

namespace ms2m::cli {

namespace {

using report::ConfigRow;

/// An address may hold a password, with or without a scheme.
std::string without_login(const std::string& address) {
  const auto at = address.rfind('@');
  if (at == std::string::npos) return address;
  const auto scheme = address.find("://");
  return (scheme < at ? address.substr(0, scheme + 3) : "") + "***" + address.substr(at);
}

ConfigRow row_of(const Context& context, const Key& key, Reach& chosen) {
  ConfigRow row{key.name, std::nullopt, ""};
  const std::string value = key.field(chosen);
  if (value.empty()) return row;
  Reach options = context.globals, variables = reach_of(context.environment);
  if (key.field(options) == value)
    row.from = "--" + option_of(key.name);
  else if (key.field(variables) == value)
    row.from = variable_of(key.name);
  else
    row.from = origin_of(context.config, key.name);
  row.value = key.secret ? "***" : key.address ? without_login(value) : value;
  for (char& c : *row.value)
    if (c == '\n') c = ',';  // several groups
  return row;
}

ConfigRow row_of(const Context& context, const Setting& setting) {
  const std::string name = setting.name, variable = variable_of(name);
  const auto given = context.environment.get(variable);
  const auto configured = context.config.settings.find(name);
  ConfigRow row{key_of(name), default_of(setting), "default"};
  if (given) {
    MigrationRequest scratch;
    try {
      setting.apply(scratch, *given);
    } catch (Error& error) {
      throw error.in(variable);
    }
    row.value = *given;
    row.from = variable;
  } else if (configured != context.config.settings.end()) {
    row.value = configured->second;
    row.from = origin_of(context.config, name);
  }
  return row;
}

/// For options, variables and file alike: the first that says something.
Reach chosen_of(const Context& context) {
  Reach chosen = context.globals, variables = reach_of(context.environment), file = context.config;
  for (const Key& key : keys())
    for (Reach* layer : {&variables, &file})
      if (key.field(chosen).empty()) key.field(chosen) = key.field(*layer);
  chosen.kube = kube_reach(context.globals, context.environment, context.config);
  return chosen;
}

int view(const Context& context) {
  Reach chosen = chosen_of(context);
  std::vector<ConfigRow> rows;
  for (const Key& key : keys()) rows.push_back(row_of(context, key, chosen));
  if (const auto list = context.environment.get("KUBECONFIG"); list && !rows.front().value)
    rows.front() = {rows.front().key, *list, "KUBECONFIG"};
  for (const Setting& setting : settings()) rows.push_back(row_of(context, setting));
  if (structured(context))
    print_json(context, report::config_json(rows, context.config.path, context.config.profile));
  else
    context.out << report::config_text(rows, context.config.path, context.config.profile) << std::flush;
  return 0;
}

int init(const Context& context) {
  namespace fs = std::filesystem;
  const fs::path path = context.environment.config_file();
  if (path.empty())
    throw Error(ErrorKind::refused, "neither XDG_CONFIG_HOME nor HOME says where the file is to be", "set HOME");
  std::error_code failed;
  if (fs::exists(path, failed))
    throw Error(ErrorKind::refused, path.string() + " is there already", "see what is in force: ms2m config view");
  fs::create_directories(path.parent_path(), failed);
  write_whole(path.string(), config_template(), fs::perms::owner_read | fs::perms::owner_write);
  note(context, path.string() + " was written; every line of it is a comment yet");
  return 0;
}

}  // namespace

void add_config(CLI::App& app, Command& chosen) {
  auto& group = add_group(app, "config", "What ms2m takes from options, variables and config.yaml");
  add_command(group, "view", "Say what is in force and where it comes from; secrets are not shown",
              {"ms2m config view", "ms2m config view --profile prod -o json"}, [&chosen] {
                chosen = {"config view", view};
              });
  add_command(group, "init", "Write a config.yaml with every setting as a comment, where there is none",
              {"ms2m config init"},
              [&chosen] { chosen = {.name = "config init", .run = init, .configured = false, .documents = false}; });
}

}  // namespace ms2m::cli
