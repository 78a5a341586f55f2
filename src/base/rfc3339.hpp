// Times as records and the Kubernetes API have them.
#pragma once
#include <ctime>
#include <optional>
#include <string>

namespace ms2m {

/// Whole seconds since 1970 of "2026-11-29T10:00:00Z", with or without a fraction; UTC, whatever stands behind.
/// nullopt: it is no time.
std::optional<std::time_t> seconds_since_1970(const std::string& rfc3339);

}  // namespace ms2m
