// The process environment as a value, so that tests bring their own.
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace ms2m::cli {

class Environment {
 public:
  Environment() = default;
  explicit Environment(std::map<std::string, std::string> variables) : variables_(std::move(variables)) {}
  static Environment of_process(char** environ_block);

  /// Without the one line break that may end it. nullopt: not set, or empty.
  std::optional<std::string> get(const std::string& name) const;
  /// $XDG_CONFIG_HOME/ms2m/config.yaml, or ~/.config/ms2m/config.yaml; empty when neither is known.
  std::filesystem::path config_file() const;

 private:
  std::map<std::string, std::string> variables_;
};

}  // namespace ms2m::cli
