// The command line of an OCI runtime, as far as the handler must understand it. Pure.
//
// Facts: runc's parser (urfave/cli) takes one or two dashes, "--name value" and "--name=value", and ends options with
// the first operand; crun's (argp) also "-bDIR". Who calls: conmon ("--systemd-cgroup --root=DIR create --bundle DIR
// --pid-file FILE [--no-pivot] [--no-new-keyring] [--console-socket SOCKET] ID"), CRI-O, containerd's shim (go-runc:
// "--root DIR --log FILE --log-format json [--systemd-cgroup] create --bundle DIR --pid-file FILE ... ID").
#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ms2m::node {

struct CommandLine {
  std::vector<std::string> arguments;          ///< all of them, without argv[0], as they were
  std::string command;                         ///< "": there is none
  std::size_t command_at = 0;                  ///< its index; of the end when there is none
  std::map<std::string, std::string> global;   ///< options before the command; flags have ""
  std::map<std::string, std::string> options;  ///< behind it: "bundle", "pid-file", ...
  std::vector<std::string> unknown;            ///< options behind it whose meaning is not known here
  std::vector<std::string> operands;           ///< behind it; the first is the container's ID

  std::string id() const { return operands.empty() ? "" : operands.front(); }
  std::optional<std::string> option(const std::string& name) const;
};

CommandLine parse_command_line(std::vector<std::string> arguments);

/// The same arguments with this --root: instead of the one in them, or in front.
std::vector<std::string> with_root(const CommandLine& line, const std::string& root);

}  // namespace ms2m::node
