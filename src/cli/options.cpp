#include "cli/options.hpp"

#include <algorithm>

#include "ms2m/error.hpp"

namespace ms2m::cli {

Hook parse_hook(const std::string& argument) {
  const auto equals = argument.find('=');
  const auto at = hook_point_of(argument.substr(0, equals));
  if (equals == std::string::npos || !at)
    throw Error(ErrorKind::usage, "--hook is PHASE=COMMAND, and its phase before-quiet, after-pivot or end");
  const std::string command = argument.substr(equals + 1);
  if (command.find_first_not_of(" \t\n") == std::string::npos)
    throw Error(ErrorKind::usage, std::string("--hook ") + to_string(*at) + " has no command");
  return {*at, command};
}

std::string pod_name(const std::string& argument) {
  std::string name = argument;
  if (const auto slash = argument.find('/'); slash != std::string::npos) {
    const std::string kind = argument.substr(0, slash);
    if (kind != "pod" && kind != "pods" && kind != "po")
      throw Error(ErrorKind::usage, "'" + argument + "' is not a pod: ms2m migrates one pod, given as pod/NAME");
    name = argument.substr(slash + 1);
  }
  // RFC 1123 subdomain, as the API server checks it.
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  if (name.empty() || name.size() > 253 || !std::all_of(name.begin(), name.end(), fits))
    throw Error(ErrorKind::usage, "'" + argument + "' is not the name of a pod");
  return name;
}

}  // namespace ms2m::cli
