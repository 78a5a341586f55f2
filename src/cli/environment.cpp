#include "cli/environment.hpp"

#include <utility>

#include "base/one_line.hpp"

namespace ms2m::cli {

Environment Environment::of_process(char** environ_block) {
  Environment environment;
  for (char** entry = environ_block; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text(*entry);
    if (const auto equals = text.find('='); equals != std::string::npos)
      environment.variables_.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

std::optional<std::string> Environment::get(const std::string& name) const {
  const auto found = variables_.find(name);
  if (found == variables_.end()) return std::nullopt;
  auto value = one_line(found->second);
  return value.empty() ? std::nullopt : std::optional(std::move(value));
}

std::filesystem::path Environment::config_file() const {
  // The XDG base directory specification: a relative path is to be ignored.
  if (const auto base = get("XDG_CONFIG_HOME"); base && base->front() == '/')
    return std::filesystem::path(*base) / "ms2m/config.yaml";
  if (const auto home = get("HOME")) return std::filesystem::path(*home) / ".config/ms2m/config.yaml";
  return {};
}

}  // namespace ms2m::cli
