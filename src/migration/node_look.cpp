#include "migration/node_look.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>

#include "ms2m/error.hpp"

namespace ms2m {
namespace {

// $1 uid of the pod, $2 ID of the container, then volumes. conmon's control group has the container's ID in its name as
// well, but conmon sees the node's /dev/shm.
constexpr const char* kScript = R"sh(uid=$1 id=$2
shift 2
content() {
  if [ ! -d "$1" ] || [ -L "$1" ] || ! found=$(ls -A "$1" 2>/dev/null); then echo unknown
  elif [ -n "$found" ]; then echo data
  else echo empty
  fi
}
grep -E -m1 '^(flags|Features)' /proc/cpuinfo | sed 's/^[^:]*:/cpu/'
for v; do echo "volume $(content "/var/lib/kubelet/pods/$uid/volumes/kubernetes.io~empty-dir/$v") $v"; done
[ -n "$id" ] || exit 0
tr '{' '\n' </var/lib/containers/storage/overlay-containers/containers.json 2>/dev/null |
  sed -n 's/^"id":"'"$id"'",.*"image":"\([0-9a-f]\{64\}\)".*/image \1/p'
n=0
for f in $(grep -l "$id" /proc/[0-9]*/cgroup 2>/dev/null); do
  if grep -q "conmon-$id" "$f"; then continue; fi
  p=${f%/cgroup}
  if [ $n = 0 ]; then
    echo "shm $(content "$p/root/dev/shm")"
    grep -hs ' 0A ' "$p/net/tcp" "$p/net/tcp6" | sed 's/^/listen /'
  fi
  ls -l "$p/fd" 2>/dev/null | sed -n 's/^.* -> /fd /p'
  n=$((n+1))
  [ $n -lt 100 ] || break
done
exit 0)sh";

Content content_of(const std::string& word) {
  return word == "data" ? Content::data : word == "empty" ? Content::empty : Content::unknown;
}

/// A line of /proc/net/tcp or tcp6; addresses are in the machine's byte order, each word of four bytes for itself.
struct Listener {
  std::string address, socket;
};

Listener listener_of(std::istringstream& words) {
  std::vector<std::string> columns;
  for (std::string word; words >> word;) columns.push_back(word);
  if (columns.size() < 10) return {};
  return {columns[1].substr(0, columns[1].find(':')), "socket:[" + columns[9] + "]"};
}

bool own_address(std::string address) {
  constexpr std::string_view kMapped = "0000000000000000FFFF0000";  // an IPv4 address on an IPv6 socket
  if (address.rfind(kMapped, 0) == 0) address.erase(0, kMapped.size());
  if (address.find_first_not_of('0') == std::string::npos) return false;  // all addresses
  return address.size() == 8 ? address.substr(6) != "7F" : address != "00000000000000000000000001000000";
}

/// Only the container's own sockets count: the network is the pod's, and its other containers start afresh.
bool listens_on_own_address(const std::vector<Listener>& listeners, const std::set<std::string>& sockets) {
  return std::any_of(listeners.begin(), listeners.end(),
                     [&](const Listener& each) { return sockets.count(each.socket) > 0 && own_address(each.address); });
}

void read_open_file(const std::string& target, NodeLook& look) {
  constexpr std::string_view kDeleted = " (deleted)";
  if (target.front() == '/' && !target.ends_with(kDeleted) && target.rfind("/dev/pts/", 0) != 0 &&
      target != "/dev/null")
    look.open_files.insert(target);
}

void read_line(const std::string& line, NodeLook& look) {
  std::istringstream words(line);
  std::string what, word, name;
  words >> what;
  if (what == "cpu") {
    while (words >> word) look.features.push_back(word);
    std::sort(look.features.begin(), look.features.end());
  } else if (what == "volume" && words >> word >> name) {
    look.volumes[name] = content_of(word);
  } else if (what == "image" && words >> word) {
    look.base_image = word;
  } else if (what == "shm" && words >> word) {
    look.shm = content_of(word);
  }
}

}  // namespace

namespace {

NodeLook read_look(std::istringstream lines) {
  NodeLook look;
  std::vector<Listener> listeners;
  std::set<std::string> sockets;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("listen ", 0) == 0) {
      std::istringstream words(line.substr(7));
      listeners.push_back(listener_of(words));
    } else if (line.rfind("fd socket:", 0) == 0) {
      sockets.insert(line.substr(3));
    } else if (line.rfind("fd ", 0) == 0 && line.size() > 3) {
      read_open_file(line.substr(3), look);
    } else {
      read_line(line, look);
    }
  }
  look.listens_on_own_address = listens_on_own_address(listeners, sockets);
  return look;
}

}  // namespace

NodeLook look_at_node(NodeShell& shell, const std::string& node, const LookAt& what, const StopToken& stop) {
  std::vector<std::string> argv{"sh", "-c", kScript, "sh", what.pod_uid, bare_container_id(what.container_id)};
  argv.insert(argv.end(), what.empty_dirs.begin(), what.empty_dirs.end());
  try {
    return read_look(std::istringstream(shell.run(node, argv, "", stop).out));
  } catch (const Error&) {
    return {};
  }
}

}  // namespace ms2m
