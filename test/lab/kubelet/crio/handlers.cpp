#include "crio/handlers.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <stdexcept>

#include "base/files.hpp"

namespace kubelet {
namespace {

constexpr char kTable[] = "[crio.runtime.runtimes.";

// `name = "value"`: the value.
std::string text_value(const std::string& line) {
  const auto first = line.find('"'), last = line.rfind('"');
  return first == last ? "" : line.substr(first + 1, last - first - 1);
}

// It does nothing: there only to be looked at.
int start_process(const char* name) {
  const int pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_NAME, name);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::close_range(3, ~0U, 0);
  for (;;) ::pause();
}

}  // namespace

std::vector<std::string> OciRuntime::call(const std::vector<std::string>& arguments) const {
  std::vector<std::string> argv = {path, "--root", root};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

Handlers::Handlers(fs::path directory) : directory_(std::move(directory)) { restart(); }

Handlers::~Handlers() { stop(); }

void Handlers::stop() noexcept {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

void Handlers::restart() {
  std::set<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory_ / "crio.conf.d", error)) files.insert(entry.path());
  const std::lock_guard lock(mutex_);
  stop();
  all_ = {{"crun", {}}};
  read(directory_ / "crio.conf");
  for (const auto& file : files) read(file);
  process_ = start_process("crio");
}

void Handlers::read(const fs::path& file) {
  std::string handler;
  for (const auto& raw : split(read_file(file).value_or(""), '\n')) {
    const std::string line = trimmed(raw);
    if (line.starts_with('[')) {
      handler = line.starts_with(kTable) ? line.substr(sizeof kTable - 1, line.find(']') - sizeof kTable + 1) : "";
      if (!handler.empty()) all_[handler];
    } else if (!handler.empty() && line.starts_with("runtime_path")) {
      all_[handler].path = text_value(line);
    } else if (!handler.empty() && line.starts_with("runtime_root")) {
      all_[handler].root = text_value(line);
    }
  }
}

OciRuntime Handlers::find(const std::string& handler) const {
  const std::lock_guard lock(mutex_);
  const auto found = all_.find(handler.empty() ? "crun" : handler);
  if (found == all_.end())
    throw std::runtime_error("rpc error: code = Unknown desc = failed to find runtime handler " + handler +
                             " from runtime list");
  return found->second;
}

}  // namespace kubelet
