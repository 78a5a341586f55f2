// An ssh process that has become the node program of its node.
#pragma once
#include <string>

#include "ms2m/stop.hpp"
#include "node/session/line.hpp"
#include "node/session/push.hpp"
#include "node/session/ssh_host.hpp"
#include "wrap/posix/child.hpp"

namespace ms2m::node {

struct LinkSpec {
  std::string node;
  SshHost host;
  SshOptions ssh;
  PushPlaces places{};
};

/// Connects, starts the program and brings it there first when it is not there yet. One connection of its own, whatever
/// the user's configuration says about sharing; it ends with this process, also after SIGKILL: it lives as long as its
/// pipes. Blocks; a stop ends it. Errors: ssh's (ssh_errors.hpp), push.hpp's, {timeout}, {refused}: the login shell
/// prints text before every command.
Link open_link(const LinkSpec& spec, const NodeProgram& program, const StopToken& stop);

/// Why ssh ended; `said` is its stderr. For one that had become the program.
Error link_error(const std::string& node, const std::string& by_hand, const posix::ExitStatus& status,
                 const std::string& said);

}  // namespace ms2m::node
