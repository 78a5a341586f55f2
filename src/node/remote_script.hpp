// How a script gets to a node's shell: over stdin, so that neither the login shell's syntax nor limits of argv matter.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ms2m::node {

/// `command` is what ssh is given; `prologue` must be the first bytes on its stdin. What follows the prologue is the
/// script's own stdin.
struct RemoteScript {
  std::string command;
  std::string prologue;
};

/// `script` runs in sh with args as $1... and a PATH that has the sbin directories; as root by `sudo -n` when asked
/// for. A prologue that arrives cut off is a syntax error there, never half a script.
RemoteScript remote_script(std::string_view script, const std::vector<std::string>& args, bool sudo);

/// A script for remote_script that runs argv with `input` as its stdin and ends with its status. Its own stdin must
/// stay open: when that ends (ms2m has gone, was killed, or the network broke) the whole process group there gets TERM,
/// then KILL. An exit status of 255 is announced by kExit255 on stderr, since ssh itself ends with 255 too.
std::string supervised(const std::vector<std::string>& argv, std::string_view input);

inline constexpr std::string_view kExit255 = "ms2m: the command's own exit status is 255\n";

}  // namespace ms2m::node
