#include "image/image_script.hpp"

#include <algorithm>
#include <cctype>

#include "ms2m/error.hpp"
#include "wrap/posix/subprocess.hpp"

namespace ms2m::image {
namespace {

constexpr const char* kRemoveLayout = R"sh([ -e "$1" ] || [ -L "$1" ] || exit 3
rm -rf -- "$1" || exit 1
rmdir -- "$2" 2>/dev/null || :)sh";

bool all_of(const std::string& text, const std::string& extra) {
  return std::all_of(text.begin(), text.end(), [&](unsigned char c) {
    return std::isalnum(c) != 0 || extra.find(static_cast<char>(c)) != std::string::npos;
  });
}

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

CommandResult run_script(NodeShell& shell, const std::string& node, const std::string& script,
                         const std::vector<std::string>& args, const StopToken& stop) {
  std::vector<std::string> argv{"sh", "-c", script, "sh"};
  argv.insert(argv.end(), args.begin(), args.end());
  return shell.run(node, argv, "", stop);
}

void fail(const std::string& doing, const std::string& node, const CommandResult& result) {
  std::string said = cause(posix::last_line(result.err));
  if (said.empty())
    said = result.signal != 0 ? "killed by signal " + std::to_string(result.signal)
                              : "exit status " + std::to_string(result.exit_code);
  const bool full = said.find("no space left") != std::string::npos || said.find("No space left") != std::string::npos;
  throw Error(ErrorKind::failed, doing + " on node " + node + ": " + said,
              full ? "free some space on node " + node : "");
}

void check_layout_directory(const std::string& directory, const std::string& root) {
  const std::string name = directory.starts_with(root + "/") ? directory.substr(root.size() + 1) : "";
  if (name.empty() || name.front() == '.' || name.front() == '-' || !all_of(name, "._-"))
    throw Error(ErrorKind::refused, "'" + directory + "' is not a directory of an image layout below " + root);
}

void check_image_name(const std::string& name) {
  if (name.empty() || !std::isalnum(static_cast<unsigned char>(name.front())) || !all_of(name, "._-/:@"))
    throw Error(ErrorKind::usage, "'" + name + "' is not the name of an image");
}

bool remove_layout_directory(NodeShell& shell, const std::string& node, const std::string& directory,
                             const std::string& root, const StopToken& stop) {
  check_layout_directory(directory, root);
  const auto result = run_script(shell, node, kRemoveLayout, {directory, root}, stop);
  if (result.signal == 0 && result.exit_code == kNotThere) return false;
  if (!result.ok()) fail("removing " + directory, node, result);
  return true;
}

}  // namespace ms2m::image
