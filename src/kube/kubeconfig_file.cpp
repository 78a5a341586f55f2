#include "kube/kubeconfig_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "ms2m/error.hpp"
#include "ms2m/remedy.hpp"

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
               "look at it: " + remedy::command(remedy::Command::look_at_file, {}, {file}));
}

/// Aliases inside aliases: what a few lines can make of memory and stack is bounded.
constexpr int kMaxNodes = 100'000;
constexpr int kMaxDepth = 64;

/// Makes of a document what kubectl's parser (go-yaml 2, not strict) makes of it: of a key that is there twice the last
/// one counts, and a merge key (<<) puts its map's keys in at its place, so it also replaces those before it.
class AsKubectl {
 public:
  void resolve(YAML::Node node, int depth = 0) {
    if (++nodes_ > kMaxNodes || depth > kMaxDepth)
      throw YAML::Exception(node.Mark(), "aliases in aliases: the document is too large");
    if (node.IsSequence())
      for (auto item : node) resolve(item, depth + 1);
    if (!node.IsMap()) return;
    Pairs pairs;
    bool plain = true;
    for (const auto& each : node) {
      resolve(each.second, depth + 1);
      if (is_merge(each.first)) {
        merge(each.second, pairs);
        plain = false;
      } else {
        plain = set(pairs, each.first, each.second) && plain;
      }
    }
    if (plain) return;
    std::vector<YAML::Node> keys;
    for (const auto& each : node) keys.push_back(each.first);
    for (const auto& key : keys) node.remove(key);
    for (const auto& [key, value] : pairs) node.force_insert(key, value);
  }

 private:
  using Pairs = std::vector<std::pair<YAML::Node, YAML::Node>>;

  /// A quoted one is a key like any other.
  static bool is_merge(const YAML::Node& key) { return key.IsScalar() && key.Scalar() == "<<" && key.Tag() != "!"; }

  /// false: it was there.
  static bool set(Pairs& pairs, const YAML::Node& key, const YAML::Node& value) {
    for (auto& [known, old] : pairs)
      if (known.IsScalar() && key.IsScalar() && known.Scalar() == key.Scalar()) {
        old.reset(value);
        return false;
      }
    pairs.emplace_back(key, value);
    return true;
  }

  static void merge(const YAML::Node& from, Pairs& pairs) {
    if (from.IsMap()) {
      for (const auto& each : from) set(pairs, each.first, each.second);
    } else if (from.IsSequence()) {  // the first of them wins
      for (std::size_t i = from.size(); i-- > 0;) {
        if (!from[i].IsMap()) throw YAML::Exception(from.Mark(), "a merge key needs maps");
        merge(from[i], pairs);
      }
    } else {
      throw YAML::Exception(from.Mark(), "a merge key needs a map or a list of maps");
    }
  }

  int nodes_ = 0;
};

void merge_list(const YAML::Node& root, const char* list, const char* item, const std::string& file,
                std::map<std::string, KubeconfigEntry>& into) {
  const YAML::Node entries = root[list];
  if (!entries || entries.IsNull()) return;
  if (!entries.IsSequence())
    throw bad(file, fmt::format("\"{}\" is not a list (line {})", list, entries.Mark().line + 1));
  std::set<std::string> seen;
  for (const auto& entry : entries) {
    const int line = entry.Mark().line + 1;
    if (!entry.IsMap() || !entry["name"] || !entry["name"].IsScalar())
      throw bad(file, fmt::format("an entry of \"{}\" has no name (line {})", list, line));
    YAML::Node value = entry[item];
    if (!value || value.IsNull()) value = YAML::Node(YAML::NodeType::Map);
    if (!value.IsMap()) throw bad(file, fmt::format("\"{}\" is not a map (line {})", item, line));
    const auto name = entry["name"].as<std::string>();
    if (!seen.insert(name).second)
      throw bad(file, fmt::format("\"{}\" has two entries of the name {} (line {})", list, name, line));
    into.try_emplace(name, KubeconfigEntry{value, file});
  }
}

}  // namespace

std::string text_of(const YAML::Node& map, const char* key) {
  const YAML::Node node = map[key];
  return node && node.IsScalar() ? node.as<std::string>() : std::string();
}

std::string absolute(const std::string& path, const std::string& file) {
  if (path.empty() || std::filesystem::path(path).is_absolute()) return path;
  return (std::filesystem::absolute(file).parent_path() / path).lexically_normal().string();
}

void merge_kubeconfig_file(const std::string& file, KubeconfigFiles& into) {
  const std::string text = read_text(file);
  try {
    const YAML::Node root = YAML::Load(text);
    if (root.IsNull()) return;
    AsKubectl().resolve(root);
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
