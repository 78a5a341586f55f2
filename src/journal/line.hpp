// A record as a line of a journal, with a checksum as its last field: the first 16 hex digits of the SHA-256 of the
// line without that field.
#pragma once
#include <string>
#include <string_view>

#include "ms2m/json.hpp"

namespace ms2m {

/// Without a line feed.
std::string line_of(const Json& record);

/// Every number in it can be one that this ms2m, or an earlier one, has written.
bool has_our_numbers(const Json& record);

enum class Checksum { right, wrong, none };
/// Of a line that is JSON, without its line feed.
Checksum checksum_of(std::string_view line);

}  // namespace ms2m
