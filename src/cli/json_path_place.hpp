// Where in a template something is wrong.
#pragma once
#include <fmt/format.h>

#include <string>

#include "ms2m/error.hpp"

namespace ms2m::cli {

/// Error{usage}: nothing can be told in such a form.
class WrongTemplate final : public Error {
 public:
  explicit WrongTemplate(const std::string& message) : Error(ErrorKind::usage, message) {}
};

/// WrongTemplate: "jsonpath, character 7: what"; `at` counts from 0.
[[noreturn]] inline void wrong_template(std::size_t at, const std::string& what) {
  throw WrongTemplate(fmt::format("jsonpath, character {}: {}", at + 1, what));
}

}  // namespace ms2m::cli
