#include "cli/commands.hpp"
#include "cli/completion.hpp"
#include "ms2m/error.hpp"

namespace ms2m::cli {

namespace {

/// The setting's own parser as a check, so that a wrong value is a wrong command line.
CLI::Validator checked_by(const Setting& setting) {
  return CLI::Validator(
      [&setting](std::string& value) -> std::string {
        try {
          MigrationRequest scratch;
          setting.apply(scratch, value);
          return {};
        } catch (const Error& error) {
          return error.message();
        }
      },
      "", setting.words.empty() ? "" : words_name(setting.words));
}

void add_settings(CLI::App& command, SettingValues& values) {
  for (const auto& setting : settings()) {
    const std::string name = setting.name;
    const bool is_timeout = name.ends_with("-timeout");
    command
        .add_option_function<std::string>(
            "--" + name, [&values, name](const std::string& value) { values[name] = value; }, setting.help)
        ->type_name(setting.value)
        ->check(checked_by(setting))
        ->group(is_timeout ? "Time limits" : "How");
  }
}

}  // namespace

void add_migrate_options(CLI::App& command, MigrateOptions& options) {
  command.add_option("POD", options.pod, "the pod to move, as pod/NAME or NAME")
      ->required()
      ->type_name("")
      ->check(completed_by(Ask::pods));
  command.add_option("--to", options.target_node, "the node to move it to")
      ->required()
      ->type_name("NODE")
      ->check(completed_by(Ask::nodes));
  command.add_option("-c,--container", options.container, "the container with the state (default: the only one)")
      ->type_name("NAME");
  command.add_option("--target-name", options.target_name, "name of the new pod (default: chosen by ms2m)")
      ->type_name("NAME");
  add_settings(command, options.settings);
  const std::string allow = "What to allow";
  command.add_flag("--allow-reorder", options.allow_reorder, "a bounded number of messages may be overtaken")
      ->group(allow);
  command.add_flag("--allow-competing", options.allow_competing, "other consumers may be on the queue")->group(allow);
  command.add_flag("--allow-hostpath", options.allow_hostpath, "hostPath volumes, as they are on the target node")
      ->group(allow);
  command.add_flag("--accept-volume-loss", options.accept_volume_loss, "what is in emptyDir and /dev/shm is lost")
      ->group(allow);
  command.add_flag("--take-over", options.take_over, "take the lease of a migration that no longer runs")->group(allow);
}

}  // namespace ms2m::cli
