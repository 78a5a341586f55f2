// Standard base64 (RFC 4648 section 4), as kubeconfig's *-data fields use it.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace ms2m {

/// White space is skipped, padding may be missing. nullopt: not base64.
std::optional<std::string> base64_decode(std::string_view text);
std::string base64_encode(std::string_view bytes);

}  // namespace ms2m
