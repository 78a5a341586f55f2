// An Error as the program tells it.
#pragma once
#include <string>

#include "ms2m/error.hpp"

namespace ms2m::node {

/// {"kind", "message", "remedy", "context"}
std::string print_error(const Error& error);
/// What a request is answered with that ms2m gave up, or that its session's end ended.
std::string print_cancelled();
/// Throws what the other side threw: Error, or Cancelled. Error{protocol} when `text` is neither.
[[noreturn]] void throw_error(const std::string& text);

}  // namespace ms2m::node
