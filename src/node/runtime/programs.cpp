#include "node/runtime/programs.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "node/runtime/kinds.hpp"
#include "node/runtime/tool.hpp"

namespace ms2m::node {
namespace {

constexpr std::chrono::seconds kPatience{5};

}  // namespace

std::string find_program(const std::string& system, const std::string& name) {
  const char* path = std::getenv("PATH");
  std::string all;
  for (const RuntimeKind& kind : runtime_kinds())
    for (const std::string& own : kind.directories) all += system + own + ":";
  std::istringstream directories(all + (path != nullptr ? path : ""));
  for (std::string directory; std::getline(directories, directory, ':');) {
    const std::string file = directory + "/" + name;
    struct ::stat is {};
    if (!directory.empty() && ::stat(file.c_str(), &is) == 0 && S_ISREG(is.st_mode) &&
        ::access(file.c_str(), X_OK) == 0)
      return file;
  }
  return "";
}

std::string tool_output(const std::vector<std::string>& argv, bool well, const StopToken& stop) {
  try {
    const auto result = run_tool(argv, stop.within(kPatience));
    return result && (result->ok() || !well) ? result->out : "";
  } catch (const Error&) {
    return "";
  }
}

}  // namespace ms2m::node
