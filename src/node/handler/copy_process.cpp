#include "node/handler/copy_process.hpp"

#include <fcntl.h>

#include <cstdlib>
#include <sstream>

#include "node/runtime/paths.hpp"

namespace ms2m::node {

pid_t first_of_copy(const std::string& pid_file) {
  const std::string text = pid_file.empty() ? "" : read_text(pid_file).value_or("");
  return static_cast<pid_t>(std::strtol(text.c_str(), nullptr, 10));
}

namespace {

void collect_below(pid_t process, std::vector<pid_t>& all, int depth) {
  const std::string name = std::to_string(process);
  std::istringstream children(read_text("/proc/" + name + "/task/" + name + "/children").value_or(""));
  for (pid_t child = 0; children >> child;) {
    all.push_back(child);
    if (depth > 0) collect_below(child, all, depth - 1);
  }
}

}  // namespace

std::vector<pid_t> processes_below(pid_t process) {
  constexpr int kDepth = 64;  // those below come up to whoever ends them when those above them are gone
  std::vector<pid_t> all;
  collect_below(process, all, kDepth);
  return all;
}

std::string group_of(const std::string& process) {
  const std::string groups = read_text("/proc/" + process + "/cgroup").value_or("");
  const auto at = groups.find("0::/");  // in the first line, or behind an end of line
  if (at == std::string::npos || (at > 0 && groups[at - 1] != '\n')) return "";
  return groups.substr(at + 3, groups.find('\n', at) - at - 3);
}

posix::UniqueFd open_in_group(const std::string& group, const std::string& file) {
  return posix::UniqueFd(::open(("/sys/fs/cgroup" + group + "/" + file).c_str(), O_WRONLY | O_CLOEXEC));
}

}  // namespace ms2m::node
