#include "cli/options.hpp"

#include <algorithm>

#include "ms2m/error.hpp"

namespace ms2m::cli {

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
