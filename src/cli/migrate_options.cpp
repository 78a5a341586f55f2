#include "cli/commands.hpp"
#include "cli/declare.hpp"
#include "ms2m/error.hpp"

namespace ms2m::cli {

namespace {

/// The setting's own parser as a check, so that a wrong value is a wrong command line.
std::string objection(const Setting& setting, const std::string& value) {
  try {
    MigrationRequest scratch;
    setting.apply(scratch, value);
    return {};
  } catch (const Error& error) {
    return error.message();
  }
}

void add_settings(CLI::App& command, SettingValues& values) {
  for (const auto& setting : settings()) {
    const std::string name = setting.name;
    add_checked(
        command,
        {.names = "--" + name,
         .help = setting.help,
         .value = setting.value,
         .group = name.ends_with("-timeout") ? "Time limits" : "How",
         .words = setting.words},
        [&setting](const std::string& value) { return objection(setting, value); },
        [&values, name](const std::string& value) { values[name] = value; });
  }
}

}  // namespace

void add_migrate_options(CLI::App& command, MigrateOptions& options) {
  add_text(command, options.pod,
           {.names = "POD", .help = "the pod to move, as pod/NAME or NAME", .required = true, .ask = Ask::pods});
  add_text(command, options.target_node,
           {.names = "--to", .help = "the node to move it to", .value = "NODE", .required = true, .ask = Ask::nodes});
  add_text(command, options.target_name,
           {.names = "--target-name", .help = "name of the new pod (default: chosen by ms2m)", .value = "NAME"});
  add_how_options(command, options);
}

void add_how_options(CLI::App& command, MigrateOptions& options) {
  add_text(
      command, options.container,
      {.names = "-c,--container", .help = "the container with the state (default: the only one)", .value = "NAME"});
  add_settings(command, options.settings);
  add_repeated(command, options.hooks,
               {.names = "--hook",
                .help = "run it before-quiet, after-pivot or at the end, by /bin/sh (may be given again)",
                .value = "PHASE=COMMAND",
                .group = "How"});
  const std::string allow = "What to allow";
  add_flag(command, options.allow_competing, "--allow-competing", "other consumers may be on the queue", allow);
  add_flag(command, options.allow_other_queues, "--allow-other-queues",
           "the process takes from other queues too, and they leave no state", allow);
  add_flag(command, options.allow_hostpath, "--allow-hostpath", "hostPath volumes, as they are on the target node",
           allow);
  add_flag(command, options.accept_volume_loss, "--accept-volume-loss", "what is in emptyDir and /dev/shm is lost",
           allow);
  add_flag(command, options.take_over, "--take-over", "take the lease of a migration that no longer runs", allow);
}

}  // namespace ms2m::cli
