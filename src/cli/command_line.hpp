// argv -> options and the chosen command.
#pragma once
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/completion.hpp"
#include "cli/environment.hpp"

namespace ms2m::cli {

struct CommandLine {
  GlobalOptions globals;
  Command command;          ///< empty when there is nothing left to do
  int status = 0;           ///< then the exit status: 0 (help, version) or 2
  std::string text;         ///< and what to print: to standard output for 0, else to standard error
  std::string wrong, cure;  ///< the same for 2, as an error has it; globals.form says whether a program reads it
};

/// `arguments` without the program's name. An option that is not among them is as its variable in `environment` says,
/// where it has one that no layer below the command line looks at (keys.hpp); MS2M_OUTPUT counts for commands that have
/// that form. Never throws for a wrong command line.
CommandLine parse_command_line(const std::vector<std::string>& arguments, const Environment& environment = {});

/// An option of a command, or, with an empty `command`, of all.
struct OptionRow {
  std::string command;  ///< "node setup"
  std::string name;     ///< "ssh-config"
  std::string names;    ///< "-n,--namespace"
  std::string value, help, group;
  bool flag = false;
};
/// All that have a long name and are shown, in their order, but for --help and --version.
std::vector<OptionRow> option_rows();

/// A command, and what its help says beside its options.
struct CommandRow {
  std::string name;  ///< "node setup"; empty: ms2m itself
  std::string purpose;
  std::vector<std::string> arguments, examples;
  bool group = false;  ///< nothing without one of its own
};
std::vector<CommandRow> command_rows();

/// mdoc for the manual page of that command: its options and examples. Empty: there is no such command.
std::string manual_of(const std::string& command);
/// The names of the commands that have such a page, one a line.
std::string manual_names();

/// What may stand at the cursor: candidates() over the same tree.
Candidates candidates_of(const std::vector<std::string>& words);

}  // namespace ms2m::cli
