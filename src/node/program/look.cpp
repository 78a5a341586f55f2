#include "node/program/look.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "ms2m/error.hpp"
#include "node/program/container_files.hpp"
#include "node/program/processes.hpp"
#include "node/program/sockets.hpp"
#include "node/protocol/checks.hpp"
#include "node/runtime/mountinfo.hpp"
#include "node/runtime/paths.hpp"

namespace ms2m::node {
namespace {

constexpr std::size_t kMostProcesses = 100;

bool is_name(const std::string& name) {
  try {
    check_object_name(name);
  } catch (const Error&) {
    return false;
  }
  return true;
}

std::vector<std::string> features() {
  std::istringstream lines(read_text("/proc/cpuinfo").value_or(""));
  std::vector<std::string> found;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("flags") && !line.starts_with("Features")) continue;
    std::istringstream words(line.substr(std::min(line.find(':'), line.size() - 1) + 1));
    for (std::string word; words >> word;) found.push_back(word);
    break;
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// Where volumes of the pod are mounted.
std::vector<std::string> roots_of_mounts(const std::string& uid) {
  std::vector<std::string> all;
  for (const Mount& mount : parse_mounts(read_text("/proc/self/mountinfo").value_or(""))) {
    const auto at = mount.point.rfind("/pods/" + uid + "/volumes/");
    if (at != std::string::npos && at > 0) all.push_back(mount.point.substr(0, at));
  }
  return all;
}

/// Where a kubelet was told to have it.
std::vector<std::string> roots_of_processes() {
  std::vector<std::string> all;
  for (const std::string& process : all_processes()) {
    const auto words = command_line(process);
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i].starts_with("--root-dir=")) all.push_back(words[i].substr(11));
      if (words[i] == "--root-dir" && i + 1 < words.size()) all.push_back(words[i + 1]);
    }
  }
  return all;
}

/// The first of these that has the pod in it; "".
std::string root_with(const std::vector<std::string>& roots, const std::string& uid) {
  for (const std::string& root : roots) {
    struct ::stat is {};
    if (root.starts_with('/') && ::stat((root + "/pods/" + uid).c_str(), &is) == 0 && S_ISDIR(is.st_mode)) return root;
  }
  return "";
}

std::string kubelet_root(const Roots& roots, const std::string& uid) {
  for (const auto& candidates : {roots_of_mounts(uid), std::vector{roots.kubelet}})
    if (const std::string root = root_with(candidates, uid); !root.empty()) return root;
  return root_with(roots_of_processes(), uid);
}

Content content_of(int directory) {
  if (directory < 0) return Content::unknown;
  try {
    return names_in(directory).empty() ? Content::empty : Content::data;
  } catch (const Error&) {
    return Content::unknown;
  }
}

Content content_of_volume(const std::string& root, const std::string& uid, const std::string& name) {
  if (root.empty() || !is_name(name)) return Content::unknown;
  const std::string path = root + "/pods/" + uid + "/volumes/kubernetes.io~empty-dir/" + name;
  const posix::UniqueFd opened(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  return content_of(opened.get());
}

/// Links in the container's file system lead nowhere outside of it.
Content content_of_shm(const std::string& process) {
  const posix::UniqueFd root(::open((process + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const posix::UniqueFd shm(root ? static_cast<int>(::syscall(SYS_openat2, root.get(), "dev/shm", &how, sizeof how))
                                 : -1);
  return content_of(shm.get());
}

void look_at_container(const std::string& id, const StopToken& stop, NodeLook& look) {
  const auto processes = processes_of(id);
  if (processes.empty()) return;
  const std::string& first = processes.front();
  look.shm = content_of_shm(first);
  ContainerFiles files;
  for (std::size_t i = 0; i < std::min(processes.size(), kMostProcesses); ++i) {
    stop.check("looking at container " + id.substr(0, 12));
    files.read(processes[i], look);
  }
  for (const char* table : {"/net/tcp", "/net/tcp6"})
    // Only the container's own sockets count: the network is the pod's, and its other containers start afresh.
    for (const Listener& each : read_listeners(read_text(first + table).value_or("")))
      look.listens_on_own_address |= files.sockets().count(each.inode) > 0 && is_own_address(each.address);
  const UnixSockets sockets = read_unix_sockets(read_text(first + "/net/unix").value_or(""));
  if (!sockets.connected.empty())
    tell_peers(sockets, unix_peers(first), files.sockets(), processes.size() >= kMostProcesses, look);
}

}  // namespace

LookAnswer look(const Roots& roots, const NodeRuntime* runtime, const LookAt& at, const StopToken& stop) {
  LookAnswer answer;
  NodeLook& look = answer.look;
  look.features = features();
  if (is_name(at.pod_uid)) look.kubelet_root = kubelet_root(roots, at.pod_uid);
  for (const std::string& volume : at.empty_dirs)
    look.volumes[volume] = content_of_volume(look.kubelet_root, at.pod_uid, volume);
  if (const std::string id = bare_container_id(at.container_id); !id.empty()) {
    if (runtime != nullptr) look.base_image = runtime->base_image(id);
    look_at_container(id, stop, look);
  }
  timespec now{};
  if (::clock_gettime(CLOCK_REALTIME, &now) == 0)
    answer.clock = static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
  return answer;
}

}  // namespace ms2m::node
