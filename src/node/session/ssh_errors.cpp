#include "node/session/ssh_errors.hpp"

#include <array>

#include "wrap/posix/subprocess.hpp"

namespace ms2m::node {
namespace {

struct Pattern {
  const char* text;  ///< as OpenSSH 7.9 to 10 print it
  ErrorKind kind;
  const char* sentence;  ///< after "cannot reach NODE by ssh: "; nullptr: ssh's own line
  const char* remedy;    ///< {ssh} is replaced by the command
};

// The first that matches counts: a changed key also prints "Host key verification failed".
constexpr std::array kPatterns{
    Pattern{"REMOTE HOST IDENTIFICATION HAS CHANGED", ErrorKind::forbidden,
            "its host key is not the one in known_hosts",
            "make sure that the node was really reinstalled, remove the old key with ssh-keygen -R, then run: {ssh}"},
    Pattern{"Host key verification failed", ErrorKind::forbidden, "its host key is not known",
            "connect once by hand and accept the key: {ssh}"},
    Pattern{"UNPROTECTED PRIVATE KEY FILE", ErrorKind::forbidden, "the private key file can be read by others",
            "let nobody but yourself read the key that this complains about: {ssh}"},
    Pattern{"Permission denied", ErrorKind::forbidden, "no key that is offered is accepted there",
            "make this work without a password (ssh-copy-id, ssh-add, or an IdentityFile in ~/.ssh/config): {ssh}"},
    Pattern{"Too many authentication failures", ErrorKind::forbidden, "too many keys were offered",
            "set IdentityFile and IdentitiesOnly for this host in ~/.ssh/config, then try: {ssh}"},
    Pattern{"Bad configuration option", ErrorKind::usage, nullptr, "correct the ssh configuration, then try: {ssh}"},
    Pattern{"Can't open user config file", ErrorKind::usage, nullptr, "name an existing ssh configuration file"},
    Pattern{"Bad owner or permissions", ErrorKind::usage, nullptr,
            "let nobody but yourself write that file (mode 600)"},
    Pattern{"Could not resolve hostname", ErrorKind::unavailable, "its name does not resolve",
            "add a HostName for it to ~/.ssh/config, or name the host with --ssh-host; it must then work: {ssh}"},
    Pattern{"Connection refused", ErrorKind::unavailable, "connection refused (is sshd running there?)", "try: {ssh}"},
    Pattern{"timed out", ErrorKind::unavailable, "the connection timed out", "try: {ssh}"},
    Pattern{"No route to host", ErrorKind::unavailable, "no route to host", "try: {ssh}"},
    Pattern{"not responding", ErrorKind::unavailable, "it stopped answering", "try: {ssh}"},
};

std::string with_command(std::string text, const std::string& command) {
  const auto at = text.find("{ssh}");
  if (at != std::string::npos) text.replace(at, 5, command);
  return text;
}

}  // namespace

Error ssh_error(const std::string& node, const std::string& command, const std::string& text) {
  const std::string said = posix::last_line(text);
  const std::string head = "cannot reach node " + node + " by ssh: ";
  for (const auto& pattern : kPatterns) {
    if (text.find(pattern.text) == std::string::npos) continue;
    return Error(pattern.kind, head + (pattern.sentence != nullptr ? pattern.sentence : said),
                 with_command(pattern.remedy, command));
  }
  return Error(ErrorKind::unavailable, head + (said.empty() ? "the connection ended" : said), "try: " + command);
}

}  // namespace ms2m::node
