// Where in a template something is wrong.
#pragma once
#include <fmt/format.h>

#include <string>

#include "cli/json_path.hpp"

namespace ms2m::cli {

/// WrongTemplate: "jsonpath, character 7: what"; `at` counts from 0.
[[noreturn]] inline void wrong_template(std::size_t at, const std::string& what) {
  throw WrongTemplate(fmt::format("jsonpath, character {}: {}", at + 1, what));
}

}  // namespace ms2m::cli
