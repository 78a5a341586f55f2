#include "cli/quantity.hpp"

#include <charconv>
#include <cmath>

#include "ms2m/error.hpp"

namespace ms2m::cli {

Millis parse_duration(const std::string& text) {
  const auto wrong = [&text] {
    return Error(ErrorKind::usage, "'" + text + "' is not a duration such as 300ms, 15s or 2m");
  };
  double value = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (failure != std::errc() || std::signbit(value)) throw wrong();
  const std::string unit(rest, text.data() + text.size());
  double millis = 0;
  if (unit == "ms")
    millis = value;
  else if (unit == "s")
    millis = value * 1000;
  else if (unit == "m")
    millis = value * 60'000;
  else if (unit == "h")
    millis = value * 3'600'000;
  else
    throw wrong();
  if (!(millis <= 86'400'000)) throw Error(ErrorKind::usage, "'" + text + "' is more than a day");
  return Millis(std::llround(millis));
}

std::uint64_t parse_count(const std::string& text) {
  std::uint64_t value = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || rest != text.data() + text.size())
    throw Error(ErrorKind::usage, "'" + text + "' is not a number of messages");
  return value;
}

}  // namespace ms2m::cli
