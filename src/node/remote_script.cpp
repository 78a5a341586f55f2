#include "node/remote_script.hpp"

#include "node/quote.hpp"

namespace ms2m::node {

RemoteScript remote_script(std::string_view script, const std::vector<std::string>& args, bool sudo) {
  RemoteScript remote;
  remote.prologue =
      "{\nPATH=\"$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\" LC_ALL=C\nexport PATH LC_ALL\n";
  remote.prologue += "set -- " + join(args) + "\n";
  remote.prologue += script;
  remote.prologue += "\n}\n";
  remote.command = std::string(sudo ? "sudo -n -- " : "") + "sh -c 's=$(head -c " +
                   std::to_string(remote.prologue.size()) + ");eval \"$s\"'";
  return remote;
}

std::string supervised(const std::vector<std::string>& argv, std::string_view input) {
  std::string script = "exec 3<&0\n";
  // sshd (and our own tests) start every command as the leader of a process group: 0 is that group.
  script += "(read -r _; trap '' TERM; kill -TERM 0; sleep 1; kill -KILL 0) <&3 >/dev/null 2>&1 &\nw=$!\n";
  if (input.empty()) {
    script += join(argv) + " 3<&- </dev/null\n";
  } else {
    script += printing(input) + " | " + join(argv) + " 3<&-\n";
  }
  script += "r=$?\nkill $w\n";
  script += "[ $r != 255 ] || " + printing(kExit255) + " >&2\nexit $r";
  return script;
}

}  // namespace ms2m::node
