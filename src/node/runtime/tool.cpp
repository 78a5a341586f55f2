#include "node/runtime/tool.hpp"

namespace ms2m::node {
namespace {

/// skopeo and podman wrap the cause in time="..." level=fatal msg="...".
std::string cause(const std::string& line) {
  const auto at = line.find(" msg=\"");
  if (at == std::string::npos) return line;
  std::string text;
  for (auto i = at + 6; i < line.size() && line[i] != '"'; ++i) {
    if (line[i] == '\\' && i + 1 < line.size()) ++i;
    text += line[i];
  }
  return text;
}

}  // namespace

std::optional<posix::RunResult> run_tool(const std::vector<std::string>& argv, const StopToken& stop,
                                         const Environment& environment) {
  posix::RunSpec spec;
  spec.process.argv = argv;
  spec.process.env = environment;
  spec.process.in = posix::ProcessSpec::Stream::null;
  try {
    return posix::run_process(spec, stop, "running " + argv.at(0));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found) throw;
    return std::nullopt;
  }
}

Error tool_error(const std::string& doing, const std::string& node, const posix::RunResult& result) {
  std::string said = cause(posix::last_line(result.err));
  if (said.empty()) said = result.status.text();
  const bool full = said.find("no space left") != std::string::npos || said.find("No space left") != std::string::npos;
  return Error(ErrorKind::failed, doing + " on node " + node + ": " + said,
               full ? "free some space on node " + node : "");
}

}  // namespace ms2m::node
