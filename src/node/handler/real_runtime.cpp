#include "node/handler/real_runtime.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "ms2m/json.hpp"
#include "node/protocol/json_text.hpp"

namespace ms2m::node {

std::vector<std::string> runtime_argv(const HandlerConfiguration& configuration, const CommandLine& line,
                                      const std::vector<std::string>& rest) {
  CommandLine before = line;
  before.arguments.resize(line.command_at);
  std::vector<std::string> argv = configuration.root.empty() ? before.arguments : with_root(before, configuration.root);
  argv.insert(argv.begin(), configuration.runtime);
  argv.insert(argv.end(), rest.begin(), rest.end());
  return argv;
}

int exec_runtime(const std::vector<std::string>& argv) noexcept {
  constexpr int kCannotRun = 127;
  try {
    std::vector<char*> pointers;
    for (const std::string& each : argv) pointers.push_back(const_cast<char*>(each.c_str()));  // execv's lacks const
    pointers.push_back(nullptr);
    ::execv(pointers[0], pointers.data());
  } catch (const std::exception&) {  // no memory
  }
  return kCannotRun;
}

void become(const HandlerConfiguration& configuration, const CommandLine& line) {
  const std::vector<std::string> rest(line.arguments.begin() + static_cast<std::ptrdiff_t>(line.command_at),
                                      line.arguments.end());
  exec_runtime(runtime_argv(configuration, line, rest));
  posix::throw_errno("running " + configuration.runtime);
}

int as_exit_code(const posix::ExitStatus& status) { return status.signal != 0 ? 128 + status.signal : status.code; }

void tell(const CommandLine& line, const Error& error) noexcept {
  try {
    const std::string cure = error.remedy().empty() ? "" : " (cure: " + error.remedy() + ")";
    const std::string text = std::string("ms2m-runtime: ") + error.what() + cure;
    std::fprintf(stderr, "%s\n", text.c_str());
    const auto file = line.global.find("log");
    if (file == line.global.end() || file->second.empty()) return;
    const auto format = line.global.find("log-format");
    const bool json = format != line.global.end() && format->second == "json";
    const std::string entry = json ? print(Json{{"level", "error"}, {"msg", text}}) : text;
    const posix::UniqueFd log(::open(file->second.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    if (log) ::dprintf(log.get(), "%s\n", entry.c_str());
  } catch (const std::exception&) {  // no memory: the exit status says it
  }
}

}  // namespace ms2m::node
