// JSON as it stands in frames.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "ms2m/json.hpp"

namespace ms2m::node {

inline constexpr std::size_t kMaxNesting = 32;

/// An object. Error{protocol}: it is none, or nested deeper than kMaxNesting.
Json parse_object(std::string_view text);
/// Bytes that are no UTF-8 (a path may have them) become U+FFFD.
std::string print(const Json& json);

}  // namespace ms2m::node
