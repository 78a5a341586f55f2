#include "kube/kubeconfig_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "ms2m/error.hpp"

namespace ms2m {
namespace {

std::string read_text(const std::string& file) {
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || (in.peek() != std::ifstream::traits_type::eof() && !(text << in.rdbuf())) || errno == EISDIR)
    throw Error(ErrorKind::usage, fmt::format("cannot read the kubeconfig {}: {}", file, std::strerror(errno)),
                "give an existing file with --kubeconfig, or set KUBECONFIG");
  return text.str();
}

Error bad(const std::string& file, const std::string& why) {
  return Error(ErrorKind::usage, fmt::format("the kubeconfig {} is broken: {}", file, why),
               fmt::format("look at it with: kubectl config view --kubeconfig {}", file));
}

void merge_list(const YAML::Node& root, const char* list, const char* item, const std::string& file,
                std::map<std::string, KubeconfigEntry>& into) {
  const YAML::Node entries = root[list];
  if (!entries || entries.IsNull()) return;
  if (!entries.IsSequence())
    throw bad(file, fmt::format("\"{}\" is not a list (line {})", list, entries.Mark().line + 1));
  for (const auto& entry : entries) {
    const int line = entry.Mark().line + 1;
    if (!entry.IsMap() || !entry["name"] || !entry["name"].IsScalar())
      throw bad(file, fmt::format("an entry of \"{}\" has no name (line {})", list, line));
    YAML::Node value = entry[item];
    if (!value || value.IsNull()) value = YAML::Node(YAML::NodeType::Map);
    if (!value.IsMap()) throw bad(file, fmt::format("\"{}\" is not a map (line {})", item, line));
    into.try_emplace(entry["name"].as<std::string>(), KubeconfigEntry{value, file});
  }
}

}  // namespace

void merge_kubeconfig_file(const std::string& file, KubeconfigFiles& into) {
  const std::string text = read_text(file);
  try {
    const YAML::Node root = YAML::Load(text);
    if (root.IsNull()) return;
    if (!root.IsMap()) throw bad(file, "it is not a map");
    if (into.current_context.empty() && root["current-context"] && root["current-context"].IsScalar())
      into.current_context = root["current-context"].as<std::string>();
    merge_list(root, "clusters", "cluster", file, into.clusters);
    merge_list(root, "users", "user", file, into.users);
    merge_list(root, "contexts", "context", file, into.contexts);
  } catch (const YAML::Exception& e) {
    throw bad(file, fmt::format("line {}: {}", e.mark.line + 1, e.msg));
  }
}

}  // namespace ms2m
