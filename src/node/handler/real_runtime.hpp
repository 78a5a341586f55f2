// The node's real runtime: in our place, or beside us.
#pragma once
#include <string>
#include <vector>

#include "ms2m/error.hpp"
#include "node/handler/command_line.hpp"
#include "node/runtime/handler_configuration.hpp"
#include "wrap/posix/child.hpp"

namespace ms2m::node {

/// Becomes it: same process, environment, descriptors and arguments. Error{failed} when that cannot be.
[[noreturn]] void become(const HandlerConfiguration& configuration, const CommandLine& line);

/// The same with this argv; returns only when that cannot be: as a shell's exit code.
int exec_runtime(const std::vector<std::string>& argv) noexcept;

/// argv of it: its path, what stands before the command, `rest`.
std::vector<std::string> runtime_argv(const HandlerConfiguration& configuration, const CommandLine& line,
                                      const std::vector<std::string>& rest);

/// "exit status N" as a shell tells it: 128 + the signal.
int as_exit_code(const posix::ExitStatus& status);

/// Told as the callers look for it: a line on stderr, which conmon reads, and one in the file that --log names, which
/// containerd's shim reads.
void tell(const CommandLine& line, const Error& error) noexcept;

}  // namespace ms2m::node
