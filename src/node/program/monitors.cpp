#include "node/program/monitors.hpp"

#include "node/program/processes.hpp"
#include "node/runtime/kinds.hpp"

namespace ms2m::node {
namespace {

/// "--runtime-arg --root=/run/crun", as CRI-O has it.
constexpr std::string_view kRoot = "--root=";

Monitor read_monitor(const RuntimeKind& kind, const std::vector<std::string>& words) {
  Monitor monitor;
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    for (const std::string& flag : kind.runtime_flags)
      if (words[i] == flag && monitor.runtime.empty()) monitor.runtime = words[i + 1];
  for (const std::string& word : words)
    if (word.starts_with(kRoot)) monitor.root = word.substr(kRoot.size());
  return monitor;
}

}  // namespace

std::optional<Monitor> monitor_of(const std::string& container_id) {
  for (const std::string& process : all_processes()) {
    const auto words = command_line(process);
    bool about = false;
    for (const std::string& word : words) about |= word.find(container_id) != std::string::npos;
    for (const RuntimeKind& kind : runtime_kinds())
      if (about && !kind.monitor.empty() && words[0].ends_with(kind.monitor)) return read_monitor(kind, words);
  }
  return std::nullopt;
}

}  // namespace ms2m::node
