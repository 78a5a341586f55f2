// One run of one command of the operator's, by /bin/sh.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ms2m/stop.hpp"
#include "wrap/posix/child.hpp"

namespace ms2m::hook {

struct ShellCommand {
  std::string doing;  ///< for what is said of it
  std::string command;
  std::vector<std::pair<std::string, std::string>> env;  ///< besides ours
  std::string input{};
};

/// In a process group of its own and in our working directory, with our environment but for what names a broker's
/// login, a token or a command. `heard`: of its standard output (0) and standard error (1), in pieces. What it has put
/// into the background is left alone when it ends. Error{not_found, failed}: it could not begin; {timeout}, Cancelled:
/// it was killed with all that it has begun, as by what `heard` throws.
posix::ExitStatus run_in_shell(const ShellCommand& what,
                               const std::function<void(std::size_t stream, std::string_view piece)>& heard,
                               const StopToken& stop);

}  // namespace ms2m::hook
