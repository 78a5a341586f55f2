#include "node/program/processes.hpp"

#include <dirent.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "node/runtime/kinds.hpp"
#include "node/runtime/paths.hpp"

namespace ms2m::node {
namespace {

std::vector<std::string> entries(const std::string& directory) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> opened(::opendir(directory.c_str()), ::closedir);
  if (!opened) return names;
  while (const dirent* entry = ::readdir(opened.get()))
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') names.emplace_back(entry->d_name);
  return names;
}

bool has_monitor_of(const std::string& container_id, const std::string& groups) {
  for (const RuntimeKind& kind : runtime_kinds())
    if (!kind.monitor.empty() && groups.find(kind.monitor + "-" + container_id) != std::string::npos) return true;
  return false;
}

}  // namespace

std::vector<std::string> all_processes() {
  std::vector<std::string> all = entries("/proc");
  std::sort(all.begin(), all.end());
  for (std::string& each : all) each = "/proc/" + each;
  return all;
}

std::vector<std::string> processes_of(const std::string& container_id) {
  std::vector<std::string> found;
  for (const std::string& process : all_processes()) {
    const std::string groups = read_text(process + "/cgroup").value_or("");
    if (groups.find(container_id) != std::string::npos && !has_monitor_of(container_id, groups))
      found.push_back(process);
  }
  return found;
}

bool group_lives(pid_t process_group) {
  if (::kill(-process_group, 0) != 0 && errno == ESRCH) return false;
  for (const std::string& process : entries("/proc")) {
    const std::string stat = read_text("/proc/" + process + "/stat").value_or("");
    const auto name = stat.rfind(')');  // which may have any character in it
    char state = 'X';
    int parent = 0;
    int group = 0;
    if (name == std::string::npos || std::sscanf(stat.c_str() + name + 1, " %c %d %d", &state, &parent, &group) != 3)
      continue;
    if (group == process_group && state != 'Z' && state != 'X') return true;
  }
  return false;
}

std::vector<OpenFile> open_files(const std::string& process) {
  std::vector<OpenFile> files;
  for (const std::string& number : entries(process + "/fd"))
    if (std::string target = read_link(process + "/fd/" + number); !target.empty())
      files.push_back({number, std::move(target)});
  return files;
}

std::string tracer_of(const std::string& process) {
  static constexpr std::string_view kName = "\nTracerPid:\t";
  const std::string status = read_text(process + "/status").value_or("");
  const auto at = status.find(kName);
  if (at == std::string::npos) return "";
  const auto begin = at + kName.size();
  const std::string pid = status.substr(begin, status.find('\n', begin) - begin);
  return pid == "0" ? "" : "/proc/" + pid;
}

std::vector<std::string> command_line(const std::string& process) {
  const std::string text = read_text(process + "/cmdline").value_or("");
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\0', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

}  // namespace ms2m::node
