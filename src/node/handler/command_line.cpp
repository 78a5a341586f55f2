#include "node/handler/command_line.hpp"

#include <set>
#include <string_view>

namespace ms2m::node {
namespace {

const std::set<std::string> kGlobalValues{"root", "log", "log-format", "criu", "rootless", "cgroup-manager"};
const std::set<std::string> kValues{"bundle", "pid-file", "console-socket", "preserve-fds", "config"};
const std::set<std::string> kFlags{"no-pivot", "no-new-keyring", "no-subreaper", "detach", "force"};
const std::map<std::string, std::string> kShort{{"b", "bundle"}, {"f", "config"}, {"d", "detach"}};

struct Option {
  std::string name;
  std::optional<std::string> value;
};

/// nullopt: it is an operand.
std::optional<Option> option_in(const std::string& word) {
  if (word.size() < 2 || word[0] != '-' || word == "--") return std::nullopt;
  const bool two = word[1] == '-';
  const std::string text = word.substr(two ? 2 : 1);
  const auto equals = text.find('=');
  Option option{text.substr(0, equals), std::nullopt};
  if (equals != std::string::npos) option.value = text.substr(equals + 1);
  if (two) return option;
  if (const auto known = kShort.find(option.name); known != kShort.end()) {
    option.name = known->second;
  } else if (kValues.count(option.name) + kFlags.count(option.name) + kGlobalValues.count(option.name) == 0) {
    const auto known_letter = kShort.find(text.substr(0, 1));
    if (known_letter != kShort.end() && kValues.count(known_letter->second) != 0)
      option = {known_letter->second, text.substr(1)};
  }
  return option;
}

}  // namespace

std::optional<std::string> CommandLine::option(const std::string& name) const {
  const auto found = options.find(name);
  return found == options.end() ? std::nullopt : std::optional(found->second);
}

CommandLine parse_command_line(std::vector<std::string> arguments) {
  CommandLine line;
  line.arguments = std::move(arguments);
  const auto& words = line.arguments;
  line.command_at = words.size();
  bool no_more = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool behind = !line.command.empty();
    auto option = no_more ? std::nullopt : option_in(words[i]);
    if (!option && behind && !no_more && words[i] == "--") {
      no_more = true;
    } else if (!option && behind) {
      line.operands.push_back(words[i]);
    } else if (!option) {
      line.command = words[i];
      line.command_at = i;
    } else {
      const bool takes = (behind ? kValues : kGlobalValues).count(option->name) != 0;
      if (takes && !option->value && i + 1 < words.size()) option->value = words[++i];
      if (behind && !takes && kFlags.count(option->name) == 0) line.unknown.push_back("--" + option->name);
      (behind ? line.options : line.global)[option->name] = option->value.value_or("");
    }
  }
  return line;
}

std::vector<std::string> with_root(const CommandLine& line, const std::string& root) {
  std::vector<std::string> words = line.arguments;
  for (std::size_t i = 0; i < line.command_at; ++i) {
    const auto option = option_in(words[i]);
    if (!option || kGlobalValues.count(option->name) == 0) continue;
    const bool apart = !option->value;
    if (option->name != "root") {
      i += apart ? 1 : 0;
      continue;
    }
    if (!apart) words[i] = words[i].substr(0, words[i].find('=') + 1) + root;
    if (apart && i + 1 < line.command_at) words[i + 1] = root;
    return words;
  }
  words.insert(words.begin(), {"--root", root});
  return words;
}

}  // namespace ms2m::node
