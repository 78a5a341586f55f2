#include "node/session/push.hpp"

#include <fmt/format.h>

#include "wrap/posix/subprocess.hpp"

namespace ms2m::node {
namespace {

// Exit statuses of the line, where none of the program's own can come. 1 is sudo's refusal, and nothing else's. A login
// that may use sudo for the installed program alone may not see its directory.
constexpr int kNoSudo = 97, kNotKept = 98, kNotOurs = 99;
constexpr int kNotExecutable = 126, kNotFound = 127;  // the shell's

constexpr std::string_view kPush = "ms2m-push ";

// Both stand between single quotes in the command line of a login shell that may be any: so they have no quote of that
// kind, no line break, no backslash that fish would take, no exclamation mark that csh would.
constexpr const char* kStart =
    R"(PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; LC_ALL=C; export PATH LC_ALL; )"
    R"(u=$(id -u); p={installed}; if [ $u = 0 ]; then [ -x $p ] && exec $p; exec sh -c "$0"; fi; )"
    R"(command -v sudo >/dev/null || {{ echo "there is no sudo" >&2; exit {no_sudo}; }}; )"
    R"(if [ -x $p ]; then sudo -n -- $p; s=$?; else sudo -n -- sh -c "$0"; s=$?; )"
    R"(if [ $s = 1 ]; then sudo -n -- $p; s=$?; fi; fi; [ $s = 1 ] && s={no_sudo}; exit $s)";

constexpr const char* kFromCache =
    R"(LC_ALL=C; export LC_ALL; umask 077; d={cache}; q=$d/ms2m-node-{build}; t=$q.new.$$; )"
    R"(ours() {{ k=$2; set -- $(ls -ldn -- $1 2>/dev/null); [ "$3" = 0 ] && case $1 in )"
    R"("$k"rwx------|"$k"rwx------.) [ $k = d ] || [ "$5" = {size} ];; *) false;; esac; }}; )"
    R"(ours $d d && ours $q - && {{ touch -c -- $q 2>/dev/null; exec $q; }}; )"
    R"([ -d $d ] || mkdir -p -m 700 -- $d || exit {not_kept}; )"
    R"(ours $d d || {{ echo "$d is not a directory of root alone" >&2; exit {not_ours}; }}; )"
    R"(echo ms2m-push $(uname -m); )"
    R"(head -c {size} >$t && [ $(($(wc -c <$t))) = {size} ] && chmod 700 $t && mv -f -- $t $q || )"
    R"({{ rm -f -- $t; exit {not_kept}; }}; )"
    R"(find $d -type f -name "ms2m-node-*" -mtime +0 -exec rm -f -- {{}} + 2>/dev/null; )"
    R"(for f in $d/ms2m-node-*.new.*; do kill -0 ${{f##*.}} 2>/dev/null || rm -f -- $f; done; exec $q)";

std::string named(const std::string& said, const posix::ExitStatus& status) {
  const std::string line = posix::last_line(said);
  return line.empty() ? status.text() : line;
}

}  // namespace

std::string start_line(const NodeProgram& program, const PushPlaces& places) {
  using namespace fmt::literals;
  const std::string installed = places.installed.empty() ? "/dev/null" : places.installed;  // nothing to execute
  const std::string start = fmt::format(kStart, "installed"_a = installed, "no_sudo"_a = kNoSudo);
  const std::string from_cache =
      fmt::format(kFromCache, "cache"_a = places.cache, "build"_a = program.build(), "size"_a = program.bytes().size(),
                  "not_ours"_a = kNotOurs, "not_kept"_a = kNotKept);
  return "sh -c '" + start + "' '" + from_cache + "'";
}

std::optional<PushRequest> parse_push_request(std::string_view line) {
  if (!line.starts_with(kPush)) return std::nullopt;
  return PushRequest{std::string(line.substr(kPush.size()))};
}

void check_machine(const std::string& node, const NodeProgram& program, const std::string& machine) {
  if (machine == program.machine()) return;
  throw Error(ErrorKind::refused,
              fmt::format("node {} is a machine of the kind {}, and the node program is for {}", node, machine,
                          program.machine()),
              fmt::format("name the one for {} with --node-program FILE: `ms2m node program --output FILE` of an ms2m "
                          "that was built for {} writes it",
                          machine, machine));
}

void check_greeting(const std::string& node, const Greeting& greeting) {
  if (greeting.version != kProtocolVersion)
    throw Error(ErrorKind::refused,
                fmt::format("the node program that is installed on node {} speaks version {} of the protocol, and this "
                            "ms2m version {}",
                            node, greeting.version, kProtocolVersion),
                fmt::format("by a login that has a shell there: ms2m node setup {}", node));
  if (greeting.uid != 0)
    throw Error(ErrorKind::forbidden,
                fmt::format("the node program on node {} runs as user {}, not as root", node, greeting.uid),
                "let a forced command of that login start it by sudo -n");
}

Error start_error(const std::string& node, const std::string& ssh_command, const posix::ExitStatus& status,
                  const std::string& said, const PushPlaces& places) {
  const std::string line = named(said, status);
  const std::string install =
      places.installed.empty()
          ? "try: " + ssh_command
          : fmt::format("install it at {} there: `ms2m node program --output FILE` writes it", places.installed);
  if (status.code == kNoSudo)
    return Error(
        ErrorKind::forbidden,
        fmt::format("the login on node {} is not root and may not use sudo without a password ({})", node, line),
        places.installed.empty()
            ? fmt::format(
                  "log in as root, or give it a NOPASSWD rule for all commands; this must work: {} sudo -n true",
                  ssh_command)
            : fmt::format("give it a NOPASSWD rule for all commands, or for {} alone and install that; or log in as "
                          "root; this must work: {} sudo -n true",
                          places.installed, ssh_command));
  if (status.code == kNotOurs)
    return Error(ErrorKind::refused, fmt::format("node {}: {}", node, line),
                 fmt::format("remove it on node {}, or make it mode 0700 and root's", node));
  if (status.code == kNotKept) {
    const bool full = said.find("No space left") != std::string::npos;
    return Error(ErrorKind::failed, fmt::format("keeping the node program on node {}: {}", node, line),
                 full ? "free some space on node " + node : install);
  }
  if (status.code == kNotExecutable)
    return Error(ErrorKind::failed, fmt::format("the node program does not run on node {}: {}", node, line), install);
  if (status.code == kNotFound)
    return Error(ErrorKind::failed, fmt::format("the node program is not on node {}: {}", node, line), install);
  return Error(ErrorKind::failed, fmt::format("the node program did not start on node {}: {}", node, line),
               "try: " + ssh_command);
}

}  // namespace ms2m::node
