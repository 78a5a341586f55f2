#include <charconv>

#include "cli/commands.hpp"
#include "cli/declare.hpp"
#include "cli/draining.hpp"

namespace ms2m::cli {

namespace {

std::string number_objection(const std::string& text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number >= 1 && number <= 32
             ? ""
             : "'" + text + "' is no number from 1 to 32";
}

}  // namespace

void add_drain(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<DrainOptions>();
  auto& command =
      add_command(app, "drain", "Move every pod of a node that can be moved, and leave the node cordoned",
                  {"ms2m drain worker-1 --dry-run", "ms2m drain worker-1 --to worker-2",
                   "ms2m drain worker-1 -n shop -l app=orders"},
                  [options, &chosen] {
                    chosen = {"drain", [options](const Context& context) { return drain(context, *options); }};
                  });
  add_text(command, options->node, {.names = "NODE", .help = "the node to empty", .required = true, .ask = Ask::nodes});
  add_text(command, options->migrate.target_node,
           {.names = "--to",
            .help = "the node to move them to (default: for each one that takes it)",
            .value = "NODE",
            .ask = Ask::nodes});
  add_text(command, options->selector,
           {.names = "-l,--selector", .help = "only pods with these labels", .value = "SELECTOR"});
  add_checked(command, {.names = "--parallel", .help = "how many are moved at the same time (4)", .value = "NUMBER"},
              number_objection, [options](const std::string& given) {
                std::from_chars(given.data(), given.data() + given.size(), options->parallel);
              });
  add_flag(command, options->migrate.dry_run, "--dry-run", "say what would be done, do nothing");
  add_how_options(command, options->migrate);
}

}  // namespace ms2m::cli
