// A JSON document as YAML.
#pragma once
#include <string>

#include "ms2m/json.hpp"

namespace ms2m::cli {

/// Block style; every string that could be read as something else is quoted. Ends with a line break.
std::string yaml_text(const Json& json);

}  // namespace ms2m::cli
