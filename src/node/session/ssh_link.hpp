// An ssh process that has become the node program of its node.
#pragma once
#include <memory>
#include <string>

#include "ms2m/stop.hpp"
#include "node/protocol/version.hpp"
#include "node/session/push.hpp"
#include "node/session/ssh_host.hpp"
#include "wrap/posix/child.hpp"

namespace ms2m::node {

/// From the greeting on, stdin and stdout carry frames.
struct Link {
  std::unique_ptr<posix::Child> ssh;
  std::string node;
  std::string by_hand;  ///< the ssh command that a person would type
  Greeting greeting{};
  std::string early{};  ///< what came behind the greeting
  std::string said{};   ///< the tail of stderr so far
  bool pushed = false;  ///< the program was not there
};

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

inline constexpr std::size_t kSaidKept = 8u << 10;

}  // namespace ms2m::node
