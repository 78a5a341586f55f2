// How the node program is started on a node, and brought there when it is not there yet.
//
// A node has it at PushPlaces::installed (by a package or a person), or below PushPlaces::cache since ms2m pushed it:
// a root-only directory, one file per build. What the login's shell is given is the only text for a shell in ms2m. A
// command that sshd forces (command="/usr/libexec/ms2m/ms2m-node" in authorized_keys) takes its place.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "ms2m/error.hpp"
#include "node/protocol/version.hpp"
#include "node/session/node_program.hpp"
#include "wrap/posix/child.hpp"

namespace ms2m::node {

struct PushPlaces {
  std::string installed = "/usr/libexec/ms2m/ms2m-node";  ///< empty: one that is there is not asked
  std::string cache = kProgramCache;
};

/// One line for any login shell. It becomes the node program, by way of `sudo -n` for a login that is not root. Where
/// it is neither installed nor in the cache, the line prints a PushRequest first, takes exactly the program's bytes
/// from its stdin and keeps them; builds that nobody has started for a day go. A file in the cache counts only when it
/// is root's alone.
std::string start_line(const NodeProgram& program, const PushPlaces& places);

/// What the line prints to be given the program.
struct PushRequest {
  std::string machine;  ///< uname -m
};
/// "ms2m-push <machine>"; nullopt: it is another line.
std::optional<PushRequest> parse_push_request(std::string_view line);

/// Error{refused} unless the program is for that machine.
void check_machine(const std::string& node, const NodeProgram& program, const std::string& machine);
/// Error{refused, forbidden} unless what has answered speaks this protocol, as root.
void check_greeting(const std::string& node, const Greeting& greeting);

/// Why there is no program although ssh got there: from the line's exit status and what was said on stderr.
Error start_error(const std::string& node, const std::string& ssh_command, const posix::ExitStatus& status,
                  const std::string& said, const PushPlaces& places);

}  // namespace ms2m::node
