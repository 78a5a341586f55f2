// What `ms2m config view` prints.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ms2m/json.hpp"

namespace ms2m::report {

struct ConfigRow {
  std::string key;
  std::optional<std::string> value;  ///< no secret
  std::string from;  ///< "--context", "MS2M_CONTEXT", "profile prod", a file, "default"; empty: not said
};

/// What is said nowhere is left out. `path` empty: there is no file; `profile` empty: none.
std::string config_text(const std::vector<ConfigRow>& rows, const std::string& path, const std::string& profile);
/// One object of kind "config".
Json config_json(const std::vector<ConfigRow>& rows, const std::string& path, const std::string& profile);

}  // namespace ms2m::report
