#include "plan/node_look.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "ms2m/error.hpp"

namespace ms2m {
namespace {

// $1 uid of the pod, $2 ID of the container, then volumes. conmon's control group has the container's ID in its name as
// well, but conmon sees the node's /dev/shm.
constexpr const char* kScript = R"sh(uid=$1 id=$2 root=
shift 2
content() {
  if [ ! -d "$1" ] || [ -L "$1" ] || ! found=$(ls -A "$1" 2>/dev/null); then echo unknown
  elif [ -n "$found" ]; then echo data
  else echo empty
  fi
}
# The kubelet's directory is the one that has the pod in it: where a volume of it is mounted, where it usually is, where
# a kubelet was told to have it.
root_of_kubelet() {
  {
    sed -n "s|^[^ ]* [^ ]* [^ ]* [^ ]* \(/[^ ]*\)/pods/$uid/volumes/.*|\1|p" /proc/self/mountinfo
    echo /var/lib/kubelet
    for f in $(grep -lsa -e --root-dir /proc/[0-9]*/cmdline); do
      tr '\0' '\n' <"$f" | sed -n -e 's/^--root-dir=//p' -e '/^--root-dir$/{n;p;}'
    done
  } 2>/dev/null | while read -r root; do
    case $root in /*) [ ! -d "$root/pods/$uid" ] || { echo "$root"; break; } ;; esac
  done
}
grep -E -m1 '^(flags|Features)' /proc/cpuinfo | sed 's/^[^:]*:/cpu/'
[ -z "$uid" ] || root=$(root_of_kubelet)
[ -z "$root" ] || echo "root $root"
for v; do echo "volume $(content "$root/pods/$uid/volumes/kubernetes.io~empty-dir/$v") $v"; done
trap 'date "+clock %s.%N"' EXIT
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
    # Num RefCount Protocol Flags Type St Inode Path; connected ones.
    ends='s/^[0-9a-f]*: [^ ]* [^ ]* [^ ]* [^ ]* 03 *\([0-9]*\) *\(.*\)$'
    ours=$(sed -n "$ends/\1/p" "$p/net/unix" 2>/dev/null)
    if [ -n "$ours" ]; then
      printf 'unix %s\n' $ours
      sed -n "$ends/path \1 \2/p" "$p/net/unix"  # the other end is in the namespace of who has connected
      nsenter -n -t "${p#/proc/}" ss -xnH 2>/dev/null | sed 's/^/ss /'
    fi
  fi
  sed -n 's/^Rss\(Anon\|Shmem\):[[:space:]]*\([0-9]*\) kB$/memory \2/p' "$p/status" 2>/dev/null
  fds=$(ls -l "$p/fd" 2>/dev/null)
  printf '%s\n' "$fds" | sed -n 's/^.* -> /fd /p'
  for d in $(printf '%s\n' "$fds" | sed -n 's/^.* \([0-9]*\) -> .* (deleted)$/\1/p'); do
    [ ! -f "$p/fd/$d" ] || echo "deleted $(stat -Lc '%s %b' -- "$p/fd/$d" 2>/dev/null) $(readlink -- "$p/fd/$d")"
  done
  for d in $(printf '%s\n' "$fds" | sed -n 's/^.* \([0-9]*\) -> anon_inode:inotify$/\1/p'); do
    { sed -n 's/^inotify .*fhandle-type:\([0-9a-f]*\).*/watch \1/p' "$p/fdinfo/$d" 2>/dev/null || echo watch unknown; } |
      sort -u
  done
  n=$((n+1))
  [ $n -lt 100 ] || { echo many; break; }
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

/// "anon_inode:[io_uring]", "anon_inode:inotify"
std::string anonymous(const std::string& target) {
  std::string name = target.substr(target.find(':') + 1);
  std::erase_if(name, [](char c) { return c == '[' || c == ']'; });
  return name;
}

/// "<bytes> <blocks of 512> <path> (deleted)". Older versions of CRIU compare the one with their limit, newer ones the
/// other. What lies in memory alone is not carried as a file.
void read_deleted(std::istringstream& words, NodeLook& look) {
  std::uint64_t bytes = 0, blocks = 0;
  std::string path;
  if (!(words >> bytes >> blocks) || !std::getline(words >> std::ws, path)) return;
  path.resize(std::min(path.rfind(" (deleted)"), path.size()));
  for (const char* memory : {"/memfd:", "/SYSV", "/dev/zero", "/[aio]", "/anon_hugepage"})
    if (path.rfind(memory, 0) == 0) return;
  Bytes& most = look.deleted_files[path];
  most = std::max(most, Bytes{std::max(bytes, blocks * 512)});
}

void read_open_file(const std::string& target, NodeLook& look) {
  constexpr std::string_view kDeleted = " (deleted)";
  if (target.rfind("anon_inode:", 0) == 0) look.anonymous_files.insert(anonymous(target));
  if (target.front() == '/' && !target.ends_with(kDeleted) && target.rfind("/dev/pts/", 0) != 0 &&
      target != "/dev/null")
    look.open_files.insert(target);
}

/// "1764310000.123456789", just read; without nanoseconds ("%N") where date knows none.
std::optional<Seconds> clock_ahead(const std::string& text) {
  char* end = nullptr;
  const double there = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || there <= 0) return std::nullopt;
  return Seconds(there) - std::chrono::duration_cast<Seconds>(BootClock::now().time_since_epoch());
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
  } else if (what == "deleted") {
    read_deleted(words, look);
  } else if (what == "watch" && words >> word) {
    look.watches_overlay |= word == "f8" || word == "unknown";  // FILEID of overlayfs
  } else if (what == "root") {
    std::getline(words >> std::ws, look.kubelet_root);
  } else if (what == "clock" && words >> word) {
    look.clock_ahead = clock_ahead(word);
  } else if (what == "image" && words >> word) {
    look.base_image = word;
  } else if (what == "shm" && words >> word) {
    look.shm = content_of(word);
  } else if (std::uint64_t kib = 0; what == "memory" && words >> kib) {
    look.memory.count += kib << 10;
  }
}

}  // namespace

namespace {

/// Unix sockets of the container's network namespace, and who is at their other ends.
class UnixSockets {
 public:
  /// True when the line was about one.
  bool read(const std::string& line) {
    std::istringstream words(line);
    std::string what, word, path;
    words >> what;
    if (what == "many") return many_ = true;
    if (what == "unix" && words >> word) return connected_.insert(word), true;
    if (what == "path" && words >> word) return std::getline(words >> std::ws, paths_[word]), true;
    if (what != "ss") return false;
    // Netid State Recv-Q Send-Q Local-Address Inode Peer-Address Inode
    std::vector<std::string> columns;
    while (words >> word) columns.push_back(word);
    if (columns.size() >= 8) peers_[columns[5]] = columns[7];
    return true;
  }

  /// `own`: "socket:[<inode>]" of everything that the container's processes have open.
  void tell(const std::set<std::string>& own, NodeLook& look) const {
    for (const std::string& inode : connected_) {
      if (own.count("socket:[" + inode + "]") == 0) continue;  // another container's of the pod
      const auto peer = peers_.find(inode);
      const bool ours = peer != peers_.end() && own.count("socket:[" + peer->second + "]") > 0;
      if (peer == peers_.end() || (many_ && !ours)) {
        look.unknown_peers = true;
      } else if (peer->second != "0" && !ours) {
        const auto path = paths_.find(peer->second);
        look.outside_peers.insert(path == paths_.end() ? "" : path->second);
      }
    }
  }

 private:
  std::set<std::string> connected_;
  std::map<std::string, std::string> peers_, paths_;
  bool many_ = false;  // not all processes were looked at
};

NodeLook read_look(std::istringstream lines) {
  NodeLook look;
  std::vector<Listener> listeners;
  std::set<std::string> sockets;
  UnixSockets unix_sockets;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("listen ", 0) == 0) {
      std::istringstream words(line.substr(7));
      listeners.push_back(listener_of(words));
    } else if (line.rfind("fd socket:", 0) == 0) {
      sockets.insert(line.substr(3));
    } else if (line.rfind("fd ", 0) == 0 && line.size() > 3) {
      read_open_file(line.substr(3), look);
    } else if (unix_sockets.read(line)) {
      continue;
    } else {
      read_line(line, look);
    }
  }
  look.listens_on_own_address = listens_on_own_address(listeners, sockets);
  unix_sockets.tell(sockets, look);
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
