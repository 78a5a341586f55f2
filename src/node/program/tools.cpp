#include "node/program/tools.hpp"

#include <algorithm>
#include <fstream>

#include "ms2m/error.hpp"
#include "node/program/monitors.hpp"
#include "node/runtime/kinds.hpp"
#include "node/runtime/paths.hpp"
#include "node/runtime/programs.hpp"
#include "node/runtime/settings.hpp"

namespace ms2m::node {
namespace {

std::string version(const Roots& roots, const char* name, const StopToken& stop, std::string* said = nullptr) {
  const std::string file = find_program(roots.system, name);
  const std::string out = file.empty() ? "" : tool_output({file, "--version"}, false, stop);
  if (said != nullptr) *said = out;
  return version_in(out);
}

/// What it says about itself, or what its files say.
std::string configuration(const std::string& file, const std::vector<std::string>& question,
                          const std::vector<std::string>& files, const StopToken& stop) {
  std::string text;
  if (!file.empty()) {
    std::vector<std::string> argv{file};
    argv.insert(argv.end(), question.begin(), question.end());
    text = tool_output(argv, true, stop);
  }
  if (!text.empty()) return text;
  for (const std::string& each : files) text += read_text(each).value_or("");
  return text;
}

std::vector<std::string> settings_files(const RuntimeKind& kind, const Roots& roots) {
  std::vector<std::string> files{roots.system + kind.file};
  const std::string directory = roots.system + kind.more;
  if (const posix::UniqueFd opened = kind.more.empty() ? posix::UniqueFd() : open_directory(directory)) {
    auto names = names_in(opened.get());
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) files.push_back(directory + "/" + name);
  }
  return files;
}

bool has_text(const std::string& file, const std::string& text) {
  std::ifstream in(file, std::ios::binary);
  std::string kept;
  for (std::string chunk(1 << 20, '\0'); in;) {
    in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    kept.append(chunk, 0, static_cast<std::size_t>(in.gcount()));
    if (kept.find(text) != std::string::npos) return true;
    kept.erase(0, kept.size() - std::min(kept.size(), text.size()));
  }
  return false;
}

/// What is told of the runtimes, whichever of them are there.
struct Told {
  std::string by_default;
  std::vector<std::string> usual;
};
Told read_runtimes(const Roots& roots, NodeTools& tools, const StopToken& stop) {
  Told told;
  for (const RuntimeKind& kind : runtime_kinds()) {
    if (kind.program.empty()) continue;
    const std::string file = find_program(roots.system, kind.program);
    const std::string toml = configuration(file, kind.question, settings_files(kind, roots), stop);
    const bool sought = !kind.sought.empty() && !file.empty() && has_text(file, kind.sought);
    const std::string oci = kind.read(toml, sought, tools);
    if (told.by_default.empty()) told.by_default = oci;
    if (!toml.empty()) told.usual.push_back(kind.oci);
  }
  return told;
}

}  // namespace

NodeTools look_at_tools(const Roots& roots, const std::string& container_id, const StopToken& stop) {
  NodeTools tools;
  tools.asked = true;
  std::string crun_said;
  tools.criu = version(roots, "criu", stop);
  tools.crun = version(roots, "crun", stop, &crun_said);
  tools.runc = version(roots, "runc", stop);
  tools.crun_without_criu = lacks_criu(crun_said);
  for (const OciRuntime& oci : oci_runtimes())
    if (const auto text = read_text(roots.system + oci.criu_file))
      tools.criu_options[oci.criu_file] = read_criu_options(*text);
  const Told told = read_runtimes(roots, tools, stop);
  const std::string id = bare_container_id(container_id);
  const auto monitor = id.empty() ? std::nullopt : monitor_of(id);
  tools.oci = oci_in_use(monitor ? monitor->runtime : "", told.by_default, told.usual, tools);
  return tools;
}

}  // namespace ms2m::node
