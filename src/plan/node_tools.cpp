#include "plan/node_tools.hpp"

#include <cstdlib>

namespace ms2m {
namespace {

constexpr const char* kCrunConf = "/etc/criu/crun.conf";
constexpr const char* kRuncConf = "/etc/criu/runc.conf";

}  // namespace

std::vector<int> version_numbers(const std::string& text) {
  std::vector<int> numbers;
  std::size_t at = text.starts_with("v") ? 1 : 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
    char* end = nullptr;
    numbers.push_back(static_cast<int>(std::strtol(text.c_str() + at, &end, 10)));
    at = static_cast<std::size_t>(end - text.c_str());
    if (at >= text.size() || text[at] != '.') break;
    ++at;
  }
  return numbers;
}

std::string criu_config_file(const NodeTools& tools) {
  return tools.oci == "runc" || (tools.criu_options.count(kCrunConf) == 0 && tools.criu_options.count(kRuncConf) > 0)
             ? kRuncConf
             : kCrunConf;
}

std::map<std::string, std::string> criu_options(const NodeTools& tools) {
  const auto found = tools.criu_options.find(criu_config_file(tools));
  return found == tools.criu_options.end() ? std::map<std::string, std::string>{} : found->second;
}

Bytes ghost_limit(const NodeTools& tools) {
  const auto options = criu_options(tools);
  const auto found = options.find("ghost-limit");
  if (found == options.end()) return {1 << 20};
  char* end = nullptr;
  const std::uint64_t number = std::strtoull(found->second.c_str(), &end, 10);
  switch (*end) {
    case 'K':
    case 'k':
      return {number << 10};
    case 'M':
    case 'm':
      return {number << 20};
    case 'G':
    case 'g':
      return {number << 30};
    default:
      return {number};
  }
}

}  // namespace ms2m
