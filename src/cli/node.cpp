#include <filesystem>
#include <optional>

#include "cli/commands.hpp"
#include "cli/declare.hpp"
#include "cli/node_setup.hpp"
#include "cli/reach.hpp"
#include "cli/write_file.hpp"
#include "ms2m/error.hpp"

namespace ms2m::cli {

namespace {

int write_program(const Context& context, const std::string& output) {
  using std::filesystem::perms;
  write_whole(output, context.backend.node_program(),
              perms::owner_all | perms::group_read | perms::group_exec | perms::others_read | perms::others_exec);
  note(context, output + " is for /usr/libexec/ms2m/ms2m-node on a node, owned by root");
  return 0;
}

/// One that cannot be reached does not keep the others from their turn.
int forget_programs(const Context& context, const std::vector<std::string>& nodes) {
  const auto cluster = context.backend.cluster(
      kube_options(kube_reach(context.globals, context.environment, context.config)), context.stop);
  const SshOptions ssh = ssh_options(context);
  std::optional<Error> first;
  for (const std::string& node : nodes) try {
      const bool removed = context.backend.forget_node_program(cluster, ssh, node, context.stop);
      note(context, removed ? "the node program was removed from " + node : "no node program was kept on " + node);
    } catch (const Error& error) {
      if (first) warn(context, error.what(), error.remedy());
      if (!first) first = error;
    }
  if (first) throw Error(*first);
  return 0;
}

void add_forget(CLI::App& group, Command& chosen) {
  const auto nodes = std::make_shared<std::vector<std::string>>();
  auto& forget =
      add_command(group, "forget", "Remove the program that ms2m brought to nodes; the next command brings it again",
                  {"ms2m node forget worker-1 worker-2"}, [nodes, &chosen] {
                    chosen = {.name = "node forget",
                              .run = [nodes](const Context& context) { return forget_programs(context, *nodes); },
                              .documents = false};
                  });
  add_texts(forget, *nodes, {.names = "NODE", .help = "where", .required = true, .ask = Ask::nodes});
}

void add_setup(CLI::App& group, Command& chosen) {
  const auto options = std::make_shared<SetupOptions>();
  auto& setup =
      add_command(group, "setup", "Install ms2m's own runtime handler on nodes, or take it back",
                  {"ms2m node setup worker-1 worker-2 --dry-run", "ms2m node setup worker-1 worker-2 --restart-runtime",
                   "ms2m node setup worker-1 --remove"},
                  [options, &chosen] {
                    chosen = {"node setup", [options](const Context& context) { return run_setup(context, *options); }};
                  });
  add_texts(setup, options->nodes, {.names = "NODE", .help = "where", .required = true, .ask = Ask::nodes});
  add_flag(setup, options->dry_run, "--dry-run", "show the difference and change nothing");
  add_flag(setup, options->restart_runtime, "--restart-runtime",
           "restart CRI-O or containerd where it has to read what was changed; containers stay");
  add_flag(setup, options->remove, "--remove", "take all of it back");
}

}  // namespace

void add_node(CLI::App& app, Command& chosen) {
  auto& group = add_group(app, "node", "What works on the nodes");
  const auto output = std::make_shared<std::string>();
  auto& program = add_command(
      group, "program", "Write the program that works on nodes to a file, to install it there",
      {"ms2m node program --output ms2m-node",
       "scp ms2m-node root@worker-1:", "ssh root@worker-1 install -D -m 755 ms2m-node /usr/libexec/ms2m/ms2m-node"},
      [output, &chosen] {
        chosen = {"node program", [output](const Context& context) { return write_program(context, *output); }};
      });
  add_text(program, *output,
           {.names = "--output",
            .help = "where to write it; one that is there is replaced",
            .value = "FILE",
            .required = true});
  add_forget(group, chosen);
  add_setup(group, chosen);
}

}  // namespace ms2m::cli
