#include "migration/node_look.hpp"

#include <sstream>

#include "ms2m/error.hpp"

namespace ms2m {
namespace {

// $1 uid of the pod, $2 ID of the container, then volumes. conmon's control group has the container's ID in its name as well,
// but conmon sees the node's /dev/shm.
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
for f in $(grep -l "$id" /proc/[0-9]*/cgroup 2>/dev/null); do
  if grep -q "conmon-$id" "$f"; then continue; fi
  echo "shm $(content "${f%/cgroup}/root/dev/shm")"
  break
done
exit 0)sh";

Content content_of(const std::string& word) {
  return word == "data" ? Content::data : word == "empty" ? Content::empty : Content::unknown;
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
  } else if (what == "shm" && words >> word) {
    look.shm = content_of(word);
  }
}

}  // namespace

NodeLook look_at_node(NodeShell& shell, const std::string& node, const LookAt& what, const StopToken& stop) {
  std::vector<std::string> argv{"sh", "-c", kScript, "sh", what.pod_uid, bare_container_id(what.container_id)};
  argv.insert(argv.end(), what.empty_dirs.begin(), what.empty_dirs.end());
  NodeLook look;
  try {
    std::istringstream lines(shell.run(node, argv, "", stop).out);
    for (std::string line; std::getline(lines, line);) read_line(line, look);
  } catch (const Error&) {
    return {};
  }
  return look;
}

}  // namespace ms2m
