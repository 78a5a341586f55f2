// Numbers with units, as they are written on the command line and in config.yaml.
#pragma once
#include <cstdint>
#include <string>

#include "ms2m/units.hpp"

namespace ms2m::cli {

/// "300ms", "15s", "1.5s", "2m", "1h". Error{usage}: no number, no unit, negative, more than a day.
Millis parse_duration(const std::string& text);
/// Bytes a second: "500K", "20M", "1.5G" (of 1000), "20Mi" (of 1024), "100000". Error{usage}: no number, no such unit,
/// less than 1K.
Bytes parse_rate(const std::string& text);
/// Bytes, in the same units. Error{usage}: no number, no such unit, less than 1K.
Bytes parse_size(const std::string& text);
/// A whole number, not negative. Error{usage} otherwise.
std::uint64_t parse_count(const std::string& text);

}  // namespace ms2m::cli
