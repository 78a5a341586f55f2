#include "cli/quantity.hpp"

#include <charconv>
#include <cmath>
#include <map>

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

namespace {

struct SizeWords {
  const char *form, *small, *large;
};

Bytes parse_bytes(const std::string& text, const SizeWords& words) {
  const auto wrong = [&text](const char* why) { return Error(ErrorKind::usage, "'" + text + "' is " + why); };
  double value = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  static const std::map<std::string, double> units{{"", 1},         {"K", 1e3},      {"M", 1e6},     {"G", 1e9},
                                                   {"Ki", 1 << 10}, {"Mi", 1 << 20}, {"Gi", 1 << 30}};
  const auto unit = units.find(std::string(rest, text.data() + text.size()));
  if (failure != std::errc() || unit == units.end()) throw wrong(words.form);
  const double bytes = value * unit->second;
  if (!(bytes >= 1000)) throw wrong(words.small);
  if (!(bytes <= 1e15)) throw wrong(words.large);
  return {static_cast<std::uint64_t>(bytes)};
}

}  // namespace

Bytes parse_rate(const std::string& text) {
  return parse_bytes(text, {"no rate such as 500K, 20M or 20Mi bytes a second", "less than 1K a second",
                            "more than any network carries"});
}

Bytes parse_size(const std::string& text) {
  return parse_bytes(text, {"no size such as 500K, 20M or 20Mi bytes", "less than 1K", "more than any broker holds"});
}

std::uint64_t parse_count(const std::string& text) {
  std::uint64_t value = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || rest != text.data() + text.size())
    throw Error(ErrorKind::usage, "'" + text + "' is not a number of messages");
  return value;
}

}  // namespace ms2m::cli
