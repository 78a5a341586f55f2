#pragma once
#include <string>

namespace ms2m::cli {
/// "ms2m 0.1.0"
std::string version_text();
}  // namespace ms2m::cli
