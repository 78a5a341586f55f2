// argv -> options and the chosen command.
#pragma once
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/completion.hpp"

namespace ms2m::cli {

struct CommandLine {
  GlobalOptions globals;
  Command command;   ///< empty when there is nothing left to do
  int status = 0;    ///< then the exit status: 0 (help, version) or 2
  std::string text;  ///< and what to print: to standard output for 0, else to standard error
};

/// `arguments` without the program's name. Never throws for a wrong command line.
CommandLine parse_command_line(std::vector<std::string> arguments);

/// What may stand at the cursor: candidates() over the same tree.
Candidates candidates_of(const std::vector<std::string>& words);

}  // namespace ms2m::cli
