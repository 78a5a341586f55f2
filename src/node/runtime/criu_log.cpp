#include "node/runtime/criu_log.hpp"

#include <sstream>
#include <utility>

namespace ms2m::node {
namespace {

/// What CRIU says after every error.
bool is_consequence(const std::string& line) {
  for (const char* text : {"Restoring FAILED", "Dumping FAILED", "cgroupd: recv req error"})
    if (line.find(text) != std::string::npos) return true;
  return false;
}

}  // namespace

std::string last_errors_of_criu(const std::string& log) {
  std::istringstream lines(log);
  std::string last, before, consequence;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("Error") == std::string::npos) continue;
    if (is_consequence(line))
      consequence = line;
    else
      before = std::exchange(last, line);
  }
  if (last.empty()) return consequence;
  return before.empty() ? last : before + "; " + last;
}

}  // namespace ms2m::node
