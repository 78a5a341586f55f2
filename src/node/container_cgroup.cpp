#include "node/container_cgroup.hpp"

#include <string_view>

#include "ms2m/error.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m {
namespace {

constexpr int kNotThere = 3;
constexpr Millis kLongestFreeze{24 * 3600 * 1000};

// $1 root, $2 id, $3 verb, $4 seconds after which a freeze ends by itself ("" = never). That is the work of a process
// in a session of its own, which outlives ms2m and ssh; it goes when its file has gone, which is another one for every
// freeze. A group counts only when processes are in it: on a hybrid root the same name is in several
// trees. In version 1 a frozen process dies of SIGKILL only when it is thawed, but then before it runs on; frozen it
// cannot fork.
constexpr const char* kScript = R"sh(root=$1 id=$2 limit=$4 g= kind=
mark=/run/ms2m-frozen-$id
procs() { find "$1" -name cgroup.procs -exec cat {} + 2>/dev/null; }
populated() { [ -n "$(procs "$1")" ]; }
for d in $(find "$root" -type d \( -name "crio-$id.scope" -o -name "cri-containerd-$id.scope" -o -name "docker-$id.scope" \
    -o -name "crio-$id" -o -name "$id" \) 2>/dev/null); do
  if [ -e "$d/cgroup.freeze" ] && [ "$kind" != 2 ] && populated "$d"; then g=$d kind=2; fi
  if [ -e "$d/freezer.state" ] && [ -z "$kind" ] && populated "$d"; then g=$d kind=1; fi
done
[ -n "$g" ] || exit 3
await() {
  n=0
  until "$@"; do
    n=$((n+1))
    [ $n -lt 250 ] || return 1
    sleep 0.02
  done
}
frozen() { if [ $kind = 2 ]; then grep -qx 'frozen 1' "$g/cgroup.events"; else [ "$(cat "$g/freezer.state")" = FROZEN ]; fi; }
freeze() { if [ $kind = 2 ]; then echo 1 >"$g/cgroup.freeze"; else echo FROZEN >"$g/freezer.state"; fi; }
thaw() { if [ $kind = 2 ]; then echo 0 >"$g/cgroup.freeze"; else echo THAWED >"$g/freezer.state"; fi; }
gone() { ! populated "$g"; }
kill_all() { for p in $(procs "$g"); do [ "$p" = 0 ] || kill -9 "$p" 2>/dev/null; done; }
killed() { kill_all; gone; }
unmark() { rm -f "$mark".*; }
watch() {
  export g kind limit mark
  setsid sh -c 'uptime() { read -r u _ </proc/uptime; u=${u%%.*}; }
    uptime; end=$((u+limit))
    while [ -e "$mark" ] && [ "$u" -lt "$end" ]; do sleep 0.2; uptime; done
    [ -e "$mark" ] || exit 0
    if [ "$kind" = 2 ]; then echo 0 >"$g/cgroup.freeze"; else echo THAWED >"$g/freezer.state"; fi
    rm -f "$mark"' </dev/null >/dev/null 2>&1 &
}
case $3 in
  freeze)
    unmark
    if [ -n "$limit" ]; then
      command -v setsid >/dev/null || { echo "there is no setsid on the node" >&2; exit 1; }
      mark=$mark.$$
      : >"$mark" || exit 1
      watch
    fi
    freeze && await frozen && exit 0
    unmark
    thaw
    echo "its processes did not stop" >&2
    exit 1;;
  thaw) unmark; thaw || { gone && exit 3; exit 1; };;
  kill)
    unmark
    if [ $kind = 2 ] && [ -e "$g/cgroup.kill" ]; then
      echo 1 >"$g/cgroup.kill"
      await gone && exit 0
    fi
    freeze 2>/dev/null && await frozen 2>/dev/null
    kill_all
    thaw 2>/dev/null
    await killed && exit 0
    echo "its processes did not end" >&2
    exit 1;;
esac)sh";

}  // namespace

std::string node::container_id(const std::string& container) {
  const std::string id = bare_container_id(container);
  if (id.empty()) throw Error(ErrorKind::usage, "'" + container + "' is not the ID of a container");
  return id;
}

bool ContainerCgroup::act(const char* verb, const std::string& doing, const std::string& node,
                          const std::string& container, const StopToken& stop) {
  const bool ends = stop.deadline() && std::string_view(verb) == "freeze";
  const std::string limit =
      ends ? std::to_string(std::chrono::ceil<std::chrono::seconds>(stop.remaining(kLongestFreeze)).count()) : "";
  const std::string id = node::container_id(container);
  const auto result = shell_.run(node, {"sh", "-c", kScript, "sh", root_, id, verb, limit}, "", stop);
  if (result.signal == 0 && result.exit_code == kNotThere) return false;
  if (result.ok()) return true;
  const auto said = posix::last_line(result.err);
  throw Error(ErrorKind::failed, doing + " container " + id.substr(0, 12) + " on node " + node + ": " +
                                     (said.empty() ? "exit status " + std::to_string(result.exit_code) : said));
}

bool ContainerCgroup::freeze(const std::string& node, const std::string& container, const StopToken& stop) {
  return act("freeze", "freezing", node, container, stop);
}

bool ContainerCgroup::thaw(const std::string& node, const std::string& container, const StopToken& stop) {
  return act("thaw", "thawing", node, container, stop);
}

bool ContainerCgroup::kill(const std::string& node, const std::string& container, const StopToken& stop) {
  return act("kill", "killing", node, container, stop);
}

}  // namespace ms2m
