#include "node/runtime/criu_log.hpp"

#include <sstream>
#include <utility>

namespace ms2m::node {

std::string last_errors_of_criu(const std::string& log) {
  std::istringstream lines(log);
  std::string last, before;
  for (std::string line; std::getline(lines, line);)
    if (line.find("Error") != std::string::npos) before = std::exchange(last, line);
  return before.empty() ? last : before + "; " + last;
}

}  // namespace ms2m::node
