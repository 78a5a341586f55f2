#include "node/handler/not_started.hpp"

#include <unistd.h>

#include <cstdio>

#include "ms2m/json.hpp"
#include "ms2m/node.hpp"
#include "node/handler/real_runtime.hpp"
#include "wrap/posix/files.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m::node {

void NotStarted::add(const std::string& container, const std::string& restore) const {
  posix::make_private_directories(directory_);
  posix::write_file_atomically(directory_ + "/" + container, restore);
}

bool NotStarted::has(const std::string& container) const {
  return !bare_container_id(container).empty() && ::access((directory_ + "/" + container).c_str(), F_OK) == 0;
}

std::optional<std::string> NotStarted::remove(const std::string& container) const {
  if (!has(container)) return std::nullopt;
  const std::string file = directory_ + "/" + container;
  std::string restore = posix::read_file(file);
  return ::unlink(file.c_str()) == 0 ? std::optional(std::move(restore)) : std::nullopt;
}

std::string as_created(const std::string& state) {
  const auto json = Json::parse(state, nullptr, false);
  if (!json.is_object() || json.value("status", Json()) != "running") return state;
  // crun and runc print it before everything that a container's owner may name.
  constexpr std::string_view kKey = "\"status\"", kRunning = "\"running\"";
  const auto key = state.find(kKey);
  const auto value = key == std::string::npos ? key : state.find_first_not_of(" \t\n\r:", key + kKey.size());
  if (value == std::string::npos || state.compare(value, kRunning.size(), kRunning) != 0) return state;
  return std::string(state).replace(value, kRunning.size(), "\"created\"");
}

int tell_state(const HandlerConfiguration& configuration, const CommandLine& line) {
  posix::RunSpec spec;
  spec.process.argv =
      runtime_argv(configuration, line,
                   {line.arguments.begin() + static_cast<std::ptrdiff_t>(line.command_at), line.arguments.end()});
  spec.process.in = spec.process.err = posix::ProcessSpec::Stream::inherit;
  spec.process.own_group = false;
  const auto result = posix::run_process(spec, StopToken(), "asking the real runtime for the container's state");
  std::fputs(as_created(result.out).c_str(), stdout);
  std::fflush(stdout);
  return as_exit_code(result.status);
}

}  // namespace ms2m::node
