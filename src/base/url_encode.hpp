// Percent-encoding (RFC 3986).
#pragma once
#include <string>
#include <string_view>

namespace ms2m {

/// Everything but the unreserved characters: for path segments and query values.
std::string url_encode(std::string_view text);

}  // namespace ms2m
