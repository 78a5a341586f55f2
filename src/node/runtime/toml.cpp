#include "node/runtime/toml.hpp"

#include <algorithm>
#include <sstream>

namespace ms2m::node {
namespace {

std::string trimmed(const std::string& text) {
  constexpr const char* kSpace = " \t\r";
  const auto first = text.find_first_not_of(kSpace);
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// Calls `at(i, quoted)` for each character.
template <class Visit>
void each_character(const std::string& text, Visit at) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool marks = quote == 0 ? c == '"' || c == '\'' : c == quote;
    if (!at(i, quote != 0 || marks)) return;
    if (marks) quote = quote == 0 ? c : '\0';
    if (quote == '"' && c == '\\') ++i;
  }
}

std::string without_comment(const std::string& line) {
  std::size_t end = line.size();
  each_character(line, [&](std::size_t i, bool quoted) {
    if (!quoted && line[i] == '#') end = i;
    return end == line.size();
  });
  return trimmed(line.substr(0, end));
}

int open_brackets(const std::string& text) {
  int open = 0;
  each_character(text, [&](std::size_t i, bool quoted) {
    if (!quoted) open += text[i] == '[' ? 1 : text[i] == ']' ? -1 : 0;
    return true;
  });
  return open;
}

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts(1);
  each_character(text, [&](std::size_t i, bool quoted) {
    if (!quoted && text[i] == by)
      parts.emplace_back();
    else
      parts.back() += text[i];
    return true;
  });
  for (std::string& part : parts) part = trimmed(part);
  return parts;
}

std::string unquoted(const std::string& text) {
  const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  return quoted ? text.substr(1, text.size() - 2) : text;
}

std::vector<std::string> names(const std::string& dotted) {
  std::vector<std::string> parts = split(dotted, '.');
  for (std::string& part : parts) part = unquoted(part);
  return parts;
}

}  // namespace

bool TomlTable::ends_with(const std::vector<std::string>& last) const {
  return name.size() >= last.size() && std::equal(last.rbegin(), last.rend(), name.rbegin());
}

std::vector<TomlTable> read_tables(const std::string& toml) {
  std::vector<TomlTable> tables(1);
  std::istringstream lines(toml);
  for (std::string line; std::getline(lines, line);) {
    line = without_comment(line);
    if (line.starts_with('[') && line.ends_with(']') && line.find('=') == std::string::npos) {
      tables.push_back({names(line.substr(1, line.size() - 2)), {}});
      continue;
    }
    const auto equals = line.find('=');
    if (equals == std::string::npos) continue;
    std::string value = trimmed(line.substr(equals + 1));
    for (std::string more; open_brackets(value) > 0 && std::getline(lines, more);) value += " " + without_comment(more);
    std::vector<std::string> path = names(trimmed(line.substr(0, equals)));
    const std::string key = path.back();
    path.pop_back();
    if (path.empty()) {
      tables.back().values[key] = value;
      continue;
    }
    TomlTable inner{tables.back().name, {{key, value}}};  // "a.b = c" is b of the table a
    inner.name.insert(inner.name.end(), path.begin(), path.end());
    tables.insert(tables.end() - 1, std::move(inner));
  }
  return tables;
}

std::optional<std::string> last_value(const std::vector<TomlTable>& tables, const std::vector<std::string>& name,
                                      const std::string& key) {
  std::optional<std::string> last;
  for (const TomlTable& table : tables)
    if (name.empty() ? table.name.empty() : table.ends_with(name))
      if (const auto found = table.values.find(key); found != table.values.end()) last = found->second;
  return last;
}

std::optional<std::string> last_anywhere(const std::vector<TomlTable>& tables, const std::string& key) {
  std::optional<std::string> last;
  for (const TomlTable& table : tables)
    if (const auto found = table.values.find(key); found != table.values.end()) last = unquoted(found->second);
  return last;
}

std::string plain_string(const std::string& value) {
  const std::string plain = unquoted(value);
  return plain.size() == value.size() ? "" : plain;
}

std::optional<std::vector<std::string>> string_list(const std::string& value) {
  if (!value.starts_with('[') || !value.ends_with(']')) return std::nullopt;
  std::vector<std::string> strings;
  for (const std::string& part : split(value.substr(1, value.size() - 2), ',')) {
    if (part.empty()) continue;
    if (unquoted(part).size() == part.size()) return std::nullopt;
    strings.push_back(unquoted(part));
  }
  return strings;
}

}  // namespace ms2m::node
